/** Makes a sender on what its directory holds. */
import { syncFolder } from '../durable-file.js'
import { UsageError } from '../errors.js'
import type { Store } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, Milliseconds, Prefix } from '../units.js'
import type { DuplicatePolicy } from '../config.js'
import { Beside } from './life/beside.js'
import { Descriptors, mostOpenFiles } from './disk/descriptors.js'
import { DurableSender } from './durable-sender.js'
import { Holding, type HoldPolicy } from './life/holding.js'
import { Journal } from './disk/journal.js'
import { Locks } from './disk/locks.js'
import { entriesOf, type JournalEntry, type Message } from './life/message.js'
import { MessageBook } from './disk/book.js'
import { Pickup } from './pickup.js'
import { isRemembered, recover } from './life/recovery.js'
import { keyOf } from './rows.js'
import type { BucketView, Sender } from './sender.js'
import { Spool } from './disk/spool.js'
import { Trail, type AuditSink } from './trail.js'
import { Turns } from './uploads/turns.js'
import { Uploads } from './uploads/uploads.js'

export interface SenderOptions extends HoldPolicy {
  /** Of the journal and the data. */
  readonly directory: string
  readonly store: Store
  readonly bucket: BucketView
  readonly root: Prefix
  readonly settle: Milliseconds
  readonly uploads: number
  readonly multipartThreshold: Bytes
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
  readonly log: Logger
  /** `--audit-log` */
  readonly audit?: AuditSink | undefined
  /** 0 to 1; Math.random by default. */
  readonly random?: () => number
}

/**
 * Recovers what the directory holds, and goes on with it.
 * @throws the disk's own error if the directory can't be used
 */
export async function createSender(options: SenderOptions): Promise<Sender> {
  const { directory, root, bucket, clock, log } = options
  const read = await Journal.read<JournalEntry>(directory, log)
  const descriptors = new Descriptors(await mostOpenFiles(options.uploads), log)
  const spool = await Spool.open(directory, descriptors, log)
  const recovered = recover(read, await spool.sizes(), bucket.now())
  for (const id of recovered.strangers) {
    log.error({ file: await spool.putAside(id) }, 'The spool has a file that the journal does not know: put aside.')
  }
  const { messages, bundles } = recovered
  const key = (message: Message) => keyOf(root, message)
  const trail = new Trail({ keyOf: key, log, audit: options.audit })
  await trail.reconcile(read.entries, recovered, clock.now())
  const journal = await begun(directory, entriesOf(messages, bundles), read.isDoubtful)
  await syncFolder(directory)
  // Only now: what the new journal does not say is not to be lost.
  for (const id of recovered.leftovers) await spool.remove(id)
  const isForgettable = (message: Message): boolean =>
    message.state === 'gone' &&
    !message.upload &&
    message.isUntold !== true &&
    !isRemembered(message, bucket.now()) &&
    !spool.isLeft(message.id)
  const turns = new Turns(clock, { uploads: options.uploads, large: options.multipartThreshold })
  const holding = new Holding(options)
  const beside = new Beside(holding)
  const book = new MessageBook({
    journal,
    turns,
    beside,
    removeData: (id) => spool.remove(id),
    messages,
    bundles,
    isForgettable,
    trail,
    clock,
    log,
    onHealed: () => uploads.kick(),
  })
  const locks = new Locks()
  const random = options.random ?? Math.random
  const pickup = new Pickup({ book, bucket, keyOf: key, clock, log })
  const uploads: Uploads = new Uploads({
    ...{ ...options, book, turns, spool, keyOf: key, random },
    locks,
    onSubmitted: (message) => pickup.watch(message),
  })
  const waiting = messages.filter((it) => it.state !== 'gone').length
  if (waiting > 0) log.info({ waiting }, `${waiting} files were in the spool.`)
  const sender = new DurableSender({
    ...options,
    random,
    book,
    turns,
    spool,
    descriptors,
    uploads,
    pickup,
    locks,
    holding,
    beside,
    trail,
  })
  await sender.finishClosed()
  uploads.sweep()
  uploads.kick()
  pickup.watch()
  return sender
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
    return await Journal.begin(directory, entries)
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    if (!isFull) throw error
    if (isDoubtful)
      throw new UsageError(`The disk of ${directory} is full, and its journal damaged: make some room there.`)
    return Journal.goOn(directory)
  }
}
