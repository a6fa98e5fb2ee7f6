/** Makes a sender on what its directory holds: its parts, and who tells whom. */
import type { DuplicatePolicy } from '../config.js'
import type { Store } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, Milliseconds, Prefix } from '../units.js'
import { Bundles } from './bundles/bundles.js'
import { FolderSending } from './bundles/folder-sending.js'
import { Packer } from './bundles/packer.js'
import { ByHand } from './by-hand.js'
import { MessageBook } from './disk/book.js'
import type { Room } from './disk/ample-room.js'
import { Descriptors, mostOpenFiles } from './disk/descriptors.js'
import { DurableSender } from './durable-sender.js'
import { Settling } from './disk/settling.js'
import { Beside } from './life/beside.js'
import type { Verdict } from './life/events.js'
import { Holding, type HoldPolicy } from './life/holding.js'
import { verdictOn, type Candidate } from './life/judgement.js'
import type { Message } from './life/message.js'
import { NameCheck } from './judging/name-check.js'
import { isRemembered } from './life/recovery.js'
import { Rejudging } from './judging/rejudging.js'
import { Opening } from './opening.js'
import { undisputed, type Ownership } from '../ownership.js'
import { Pickup } from './pickup/pickup.js'
import { recoveredSpool } from './recovered-spool.js'
import { Renaming } from './renaming.js'
import { keyOf as keyUnder, Rows } from './rows.js'
import type { BucketView, Sender } from './sender.js'
import { Trail, type AuditSink } from './trail.js'
import { Turns } from './uploads/turns.js'
import { Uploads } from './uploads/uploads.js'
import { LastCloses } from './writing/last-closes.js'
import { OpenFiles } from './writing/open-files.js'
import { WritingSession } from './writing/writing-session.js'

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
  readonly lostAnswer: Milliseconds
  /** Nothing is sent: `--read-only`; false by default. */
  readonly readOnly?: boolean
  readonly clock: Clock
  readonly log: Logger
  /** `--audit-log` */
  readonly audit?: AuditSink | undefined
  /** For those who follow what happens. */
  readonly events?: AuditSink | undefined
  /** Who follows what becomes of what was submitted. */
  readonly submissions?: AuditSink | undefined
  /** Who counts them. */
  readonly meter?: AuditSink | undefined
  /** Of the directory; nobody else knows it by default. */
  readonly ownership?: Ownership
  /** Of the directory's disk, by default. */
  readonly room?: Room
  /** 0 to 1; Math.random by default. */
  readonly random?: () => number
}

/**
 * Recovers what the directory holds, and goes on with it.
 * @throws the disk's own error if the directory can't be used
 */
export async function createSender(options: SenderOptions): Promise<Sender> {
  const { root, bucket, clock, log, settle, random = Math.random, ownership = undisputed } = options
  const keyOf = (message: Message) => keyUnder(root, message)
  const sinks = [options.audit, options.events, options.submissions, options.meter].filter((it) => it !== undefined)
  const trail = new Trail({ keyOf, log, sinks })
  const descriptors = new Descriptors(await mostOpenFiles(options.uploads), log)
  const { spool, ...recovered } = await recoveredSpool({ ...options, descriptors, trail })
  const messages = recovered.messages.map((it) => settlingNow(it, settle))
  const settling = new Settling({ spool, log })

  // The life of a file, and what is written down of it.
  const turns = new Turns(clock, { uploads: options.uploads, large: options.multipartThreshold })
  const holding = new Holding(options)
  const beside = new Beside(holding)
  const isUnderWay = (id: string): boolean => uploads.isUnderWay(id)
  const book = new MessageBook({
    ...recovered,
    messages,
    settling,
    turns,
    beside,
    trail,
    clock,
    ownership,
    log,
    isUnderWay,
    onFree: () => uploads.freed(),
    isInMemory: (id) => spool.isInMemory(id),
    removeData: (id) => spool.remove(id),
    isForgettable: (message) =>
      message.state === 'gone' &&
      !message.upload &&
      message.isUntold !== true &&
      !isRemembered(message, bucket.now()) &&
      !spool.isLeft(message.id),
    onHealed: () => {
      // What could not be written down of a lock comes before the uploads.
      void onJudged()
      packer.kick()
    },
  })
  const names = new NameCheck({ ...options, book, holding, trail })

  // What becomes of it, and where it goes.
  const judge = (file: Candidate): Verdict => {
    const isSuffixed = names.isSuffixed(file, file.path)
    return verdictOn(file, { holding, beside, settle, bucketNow: bucket.now() ?? clock.now(), isSuffixed })
  }
  const onQueued = (): void => uploads.kick()
  const rejudging = new Rejudging({ book, beside, holding, judge, isUnderWay, onQueued, log })
  const onJudged = async (): Promise<void> => {
    await rejudging.heed()
    onQueued()
  }
  const onDone = async (): Promise<void> => {
    await rejudging.heedSoon()
    onQueued()
  }
  const pickup = new Pickup({ book, bucket, keyOf, clock, log })
  const onSubmitted = (message: Message): void => pickup.watch(message)
  const uploads: Uploads = new Uploads({
    ...{ ...options, ownership, book, names, turns, spool, keyOf, random, onSubmitted },
    isHeeded: (id) => !rejudging.isDue(id),
  })

  // What users and programs do.
  const lastCloses = new LastCloses({ book, rejudging, settle, log, judge, onJudged })
  const files = new OpenFiles({ book, spool, lastCloses })
  const packer: Packer = new Packer({ book, spool, clock, random, log, judge, onPacked: onQueued })
  const bundles = new Bundles({ book, spool, root })
  const folderSending = new FolderSending({ book, files, spool, names, holding, beside, packer, root, clock, log })
  const sender = new DurableSender({
    clock,
    book,
    spool,
    descriptors,
    files,
    settling,
    lastCloses,
    bundles,
    packer,
    rejudging,
    uploads,
    pickup,
    rows: new Rows({ book, uploads, turns, packer, pickup, clock, root }),
    opening: new Opening({ book, files, spool, descriptors, names, bundles, rejudging, root }),
    renaming: new Renaming({ book, files, spool, names, bundles, folderSending, root, judge, onJudged: onDone }),
    byHand: new ByHand({
      ...{ book, spool, packer, holding, beside, isUnderWay, onJudged: onDone },
      onCancelled: () => uploads.sweep(),
    }),
  })

  // Files that were closed, of which the kernel could not tell any more.
  const closed = [...book.all()].filter((it) => it.state === 'open')
  for (const { id, size } of closed) await lastCloses.of(WritingSession.ofNew(id, size, book))
  await rejudging.heedAll()
  settling.kick()
  packer.kick()
  uploads.sweep()
  uploads.kick()
  pickup.watch()
  return sender
}

/** One that was closed under a longer `--settle` waits no longer than this mount has others wait. */
function settlingNow(message: Message, settle: Milliseconds): Message {
  const isSettling = message.state === 'queued' && message.error === undefined && (message.wait ?? 0) > settle
  return isSettling ? { ...message, wait: settle } : message
}
