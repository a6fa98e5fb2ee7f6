/** What a sender begins with: the spool's directory as its last life left it, recovered, and a new journal that says so. */
import { syncFolder } from '../durable-file.js'
import { codeOf, isDiskFull, UsageError } from '../errors.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs } from '../units.js'
import { entriesOf, type JournalEntry } from './life/entry.js'
import { Journal } from '../journal/journal.js'
import { withContents } from './life/contents.js'
import { Spool, type SpoolOptions } from './disk/spool.js'
import type { Bundle, Message } from './life/message.js'
import { recover } from './life/recovery.js'
import type { Trail } from './trail.js'

export interface RecoverySources extends SpoolOptions {
  readonly trail: Trail
  readonly bucket: { now(): EpochMs | undefined }
  readonly clock: Clock
}

export interface RecoveredSpool {
  readonly spool: Spool
  readonly journal: Journal<JournalEntry>
  readonly messages: readonly Message[]
  readonly bundles: readonly Bundle[]
}

const copied =
  'The state directory is a copy, restored or moved: the bucket is asked of each file that waits whether it was sent since, before it is.'
const writtenAnew = 'What a loss of power took from small files of the spool was written anew: the journal had it.'
const form = { isNamed: true }

/** @throws the disk's own error if the directory can't be used, UsageError if its journal can't be relied on */
export async function recoveredSpool(sources: RecoverySources): Promise<RecoveredSpool> {
  const { directory, trail, bucket, clock, log } = sources
  const spool = await Spool.open(sources)
  const { contents } = spool
  // Not kept: of all that were sent since the journal was begun they would be a lot of memory.
  const kept = (entry: JournalEntry): JournalEntry => {
    contents.note(entry)
    return withoutContents(entry)
  }
  const read = await Journal.read<JournalEntry>(directory, { of: 'send/', log, kept })
  const restored = await restore(directory, spool)
  if (restored > 0) log.info({ restored }, writtenAnew)
  if (read.isCopy) log.warn(copied)
  // What was sent since it was copied stands in the other one only.
  const isDoubtful = read.isDoubtful || read.isCopy
  const sizes = withContents(await spool.sizes(), contents)
  const recovered = recover({ entries: read.entries, isDoubtful }, sizes, bucket.now())
  for (const id of recovered.strangers) {
    log.error({ file: await spool.putAside(id) }, 'The spool has a file that the journal does not know: put aside.')
  }
  await trail.reconcile(read.entries, recovered, clock.now())
  const { messages, bundles, leftovers } = recovered
  contents.begun(messages)
  const journal = await begun(directory, [...entriesOf(messages, bundles), ...contents.entries()], read.isDoubtful)
  await syncFolder(directory)
  // Only now: what the new journal does not say is not to be lost.
  for (const id of leftovers) await spool.remove(id)
  const waiting = messages.filter((it) => it.state !== 'gone').length
  if (waiting > 0) log.info({ waiting }, `${waiting === 1 ? 'A file was' : `${waiting} files were`} in the spool.`)
  return { spool, journal, messages, bundles }
}

function withoutContents(entry: JournalEntry): JournalEntry {
  const { contents, ...others } = entry
  return contents ? others : entry
}

/** @throws UsageError where there is no room for what a power loss took from the files */
async function restore(directory: string, spool: Spool): Promise<number> {
  try {
    return await spool.restore()
  } catch (error) {
    if (!isDiskFull(error)) throw error
    throw new UsageError(
      `The disk of ${directory} is full, and files in it are to be written anew: make some room there.`,
    )
  }
}

/**
 * A new journal, or the old one where there is no room for another: what the start made of that, the next start makes again.
 * @throws UsageError if the old one can't be relied on
 */
async function begun(
  directory: string,
  entries: readonly JournalEntry[],
  isDoubtful: boolean,
): Promise<Journal<JournalEntry>> {
  try {
    return await Journal.begin(directory, entries, form)
  } catch (error) {
    if (!isDiskFull(error)) throw error
    if (isDoubtful)
      throw new UsageError(`The disk of ${directory} is full, and its journal damaged: make some room there.`)
    return Journal.goOn<JournalEntry>(directory, form).catch((cause: unknown) => {
      // There is none to go on with.
      throw codeOf(cause) === 'ENOENT' ? error : cause
    })
  }
}
