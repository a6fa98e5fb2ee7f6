/** What waits in a spool whose sender does not run: seen, and changed by hand. Whoever changes it has the lock. */
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, UsageError } from '../errors.js'
import { readOwn } from '../own-files.js'
import type { Prefix } from '../units.js'
import { KeptContents, withContents } from './life/contents.js'
import { entryOf, type JournalEntry } from './life/entry.js'
import { Journal } from '../journal/journal.js'
import { parseJournal } from '../journal/lines.js'
import type { LifeEvent } from './life/events.js'
import { dataOf, pathId, type Message } from './life/message.js'
import { next } from './life/next.js'
import { recover, type Recovered } from './life/recovery.js'
import { rowOf } from './rows.js'
import type { SendRow } from './sender.js'
import { sizesIn } from './disk/data-files.js'

/** What `as2fs queue` may do to a file. */
export type QueueAction = 'retry' | 'cancel' | 'release'

/**
 * Rows as a sender would begin with them.
 * @param directory the spool's, in the state directory
 */
export async function readWaiting(directory: string, root: Prefix): Promise<readonly SendRow[]> {
  const { messages } = await recovered(directory)
  const progress = { isUnderWay: false, uploaded: 0, nextTryAt: undefined }
  return messages.flatMap((it) => rowOf(root, it, progress) ?? [])
}

/** How many files are in the spool, or in the bucket and not yet taken. */
export async function countWaiting(directory: string): Promise<number> {
  const [{ messages }, data] = await Promise.all([recovered(directory), dataIn(directory)])
  const ids = messages.filter((it) => it.state !== 'gone').map((it) => it.id)
  // Of what the journal can't tell there is the data still.
  return new Set([...ids, ...data.keys()]).size
}

/**
 * Adds one line to the journal: the next sender begins with it, and tells of it.
 * @throws FsError where it makes no sense, UsageError if the journal can't be relied on
 */
export async function changeWaiting(directory: string, action: QueueAction, id: string): Promise<void> {
  const now = Date.now()
  const { messages, isDoubtful } = await recovered(directory)
  if (isDoubtful) {
    throw new UsageError(`The journal in ${directory} is damaged: mount first, which makes what can be read a new one.`)
  }
  const message = messages.find((it) => it.id === id)
  // Its pause was the sender's: the next one packs it at once.
  if (action === 'retry' && message?.reason === 'packing') return
  const event = eventOf(action)
  const after = next(message, event, now)
  // As when the sender runs: a trigger goes when its file does. One that let nothing go stays: for which file it is meant the
  // mount's options say, which are not on disk.
  const trigger = after.state === 'gone' ? triggerOf(message, messages) : undefined
  const followed: LifeEvent = { type: 'cancelled', policy: '--commit trigger' }
  const changes = [
    { before: message, event, after },
    ...(trigger ? [{ before: trigger, event: followed, after: next(trigger, followed, now) }] : []),
  ]
  await append(directory, entryOf(changes, { at: now, by: 'queue' }))
  if (!message || after.state !== 'gone') return
  for (const it of dataOf(message)) await unlink(join(directory, 'data', it)).catch(() => undefined)
}

function triggerOf(file: Message | undefined, all: readonly Message[]): Message | undefined {
  const path = file?.triggeredBy === undefined ? undefined : pathId(file, file.triggeredBy)
  return all.find((it) => it.state === 'held' && pathId(it, it.path) === path)
}

/** What is a trigger the mount's options say: the next start holds it again (`Rejudging.heedAll`). */
function eventOf(action: QueueAction): LifeEvent {
  switch (action) {
    case 'retry':
      return { type: 'retried', isTrigger: false }
    case 'release':
      return { type: 'released', isTrigger: false }
    case 'cancel':
      return { type: 'cancelled' }
  }
}

async function append(directory: string, entry: JournalEntry): Promise<void> {
  const journal = await Journal.goOn<JournalEntry>(directory)
  try {
    await journal.append(entry, { sync: true })
  } finally {
    await journal.close()
  }
}

async function recovered(directory: string): Promise<Pick<Recovered, 'messages'> & { readonly isDoubtful: boolean }> {
  const read = parseJournal<JournalEntry>((await readOwn(join(directory, 'journal'))) ?? '')
  const contents = new KeptContents()
  for (const entry of read.entries) contents.note(entry)
  const { messages } = recover(read, withContents(await dataIn(directory), contents), undefined)
  return { messages, isDoubtful: read.isDoubtful }
}

async function dataIn(directory: string): ReturnType<typeof sizesIn> {
  try {
    return await sizesIn(join(directory, 'data'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return new Map()
    throw error
  }
}
