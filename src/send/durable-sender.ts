/** The sender: what a user may do in a `send/`, on the journal, the spool and the uploads. */
import { randomUUID } from 'node:crypto'
import { FsError } from '../errors.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, EpochMs, Key, Milliseconds, Name, Prefix } from '../units.js'
import { sendKey } from '../view/send-key.js'
import type { DuplicatePolicy } from '../config.js'
import { renewed, type Beside } from './life/beside.js'
import { Bundles } from './bundles/bundles.js'
import type { Told } from './life/change.js'
import type { Descriptors } from './disk/descriptors.js'
import type { Holding } from './life/holding.js'
import { judged, toldOf } from './life/judgement.js'
import type { Locks } from './disk/locks.js'
import { pathId, without, type Message } from './life/message.js'
import type { MessageBook } from './disk/book.js'
import { NameCheck } from './life/name-check.js'
import { LastCloses } from './writing/last-closes.js'
import { OpenFiles } from './writing/open-files.js'
import { WritingSession } from './writing/writing-session.js'
import { Packer } from './bundles/packer.js'
import type { Pickup } from './pickup.js'
import { dataOf, released, retried } from './life/by-hand.js'
import { damaged, mustBeIdle, mustBePacked } from './life/refusals.js'
import { Rejudging } from './life/rejudging.js'
import { Rows } from './rows.js'
import type { BucketView, OpenFlags, OpenSpoolFile, SendCounts, Sender, SendRow } from './sender.js'
import type { Spool } from './disk/spool.js'
import type { Trail } from './trail.js'
import type { Uploads } from './uploads/uploads.js'
import type { Turns } from './uploads/turns.js'
import type { Partner } from '../view/partner.js'

export interface DurableSenderParts {
  readonly book: MessageBook
  readonly spool: Spool
  readonly descriptors: Descriptors
  readonly turns: Turns
  readonly uploads: Uploads
  readonly pickup: Pickup
  readonly locks: Locks
  readonly holding: Holding
  readonly beside: Beside
  readonly trail: Trail
  readonly bucket: BucketView
  readonly root: Prefix
  readonly settle: Milliseconds
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
}

/** The kernel sends them when the file is closed, and drops what it has not sent when it is unmounted. */
const lastCloses: Milliseconds = 1_000

export class DurableSender implements Sender {
  readonly #parts: DurableSenderParts
  readonly #files: OpenFiles
  readonly #names: NameCheck
  readonly #rows: Rows
  readonly #packer: Packer
  readonly #bundles: Bundles
  readonly #lastCloses: LastCloses
  readonly #rejudging: Rejudging
  #isLeaving = false

  constructor(parts: DurableSenderParts) {
    this.#parts = parts
    this.#names = new NameCheck(parts)
    const judge = (message: Message): Message => this.#judged(message)
    const onQueued = () => parts.uploads.kick()
    this.#rejudging = new Rejudging({ ...parts, judge })
    const onJudged = async (): Promise<void> => {
      await this.#rejudging.heed()
      onQueued()
    }
    this.#lastCloses = new LastCloses({ ...parts, judge, onJudged })
    this.#files = new OpenFiles({ ...parts, lastCloses: this.#lastCloses })
    this.#packer = new Packer({ ...parts, judge, onPacked: onQueued })
    this.#rows = new Rows({ ...parts, packer: this.#packer })
    this.#bundles = new Bundles({ ...parts, files: this.#files, names: this.#names, packer: this.#packer })
  }

  rows(partner: Partner): readonly SendRow[] {
    return this.#rows.of(partner)
  }

  allRows(): readonly SendRow[] {
    return this.#rows.all()
  }

  row(partner: Partner, path: readonly Name[]): SendRow | undefined {
    return this.#rows.at(partner, path)
  }

  counts(): SendCounts {
    return this.#rows.counts()
  }

  problems(): readonly string[] {
    const { descriptors, book } = this.#parts
    return [book.problem, descriptors.problem].filter((it) => it !== undefined)
  }

  openSize(id: string): Bytes | undefined {
    return this.#files.size(id)
  }

  folders(partner: Partner): readonly string[] {
    return this.#bundles.folders(partner)
  }

  async create(partner: Partner, path: readonly Name[], signal: AbortSignal): Promise<OpenSpoolFile> {
    this.#mayOpen()
    sendKey(this.#parts.root, partner, path)
    this.#bundles.mustHold(partner, path)
    const name = path.join('/')
    const existing = this.#parts.book.at(partner, name)
    if (existing) return this.open(partner, path, { write: true, truncate: true }, signal)
    const { book, clock, locks, descriptors } = this.#parts
    descriptors.mustBeFree()
    const isUnchecked = await this.#names.check(partner, name, false, signal)
    const id = randomUUID()
    const file = await locks.run([pathId(partner, name), ...this.#bundles.lockIds(partner, path)], async () => {
      this.#bundles.mustHold(partner, path)
      if (book.at(partner, name)) throw new FsError('EEXIST', `${name} was made a moment ago.`)
      const { station, partner: to } = partner
      const message: Message = {
        ...{ id, station, partner: to, path: name, state: 'open', size: 0, mtime: clock.now(), tries: 0 },
        ...(isUnchecked ? { isUnchecked } : {}),
      }
      // The journal first: what is in the spool must have a name.
      await book.put([message], { sync: false, isNew: true })
      try {
        return await this.#files.create(id)
      } catch (error) {
        await book.put([{ ...message, state: 'gone' }], { sync: false, told: [{ event: 'cancelled' }] })
        throw error
      }
    })
    await this.#rejudging.heed()
    return file
  }

  async open(partner: Partner, path: readonly Name[], flags: OpenFlags, signal: AbortSignal): Promise<OpenSpoolFile> {
    const message = mustBePacked(this.#find(partner, path))
    if (!flags.write) return (await this.#files.pinned(message.id)).pin
    this.#mayOpen()
    return this.#parts.locks.run([message.id], async () => {
      signal.throwIfAborted()
      const inDoubt = this.#parts.book.get(message.id)?.state === 'failed'
      const current = mustBePacked(this.#mustBeIdle(message.id, 'EPERM', { inDoubt }))
      // What was lost can be written anew; until it is cut to nothing, writes fail.
      const isLost = current.isDamaged === true
      const { file, pin } = await this.#files.pinned(current.id, { isLost })
      try {
        if (current.state !== 'open') {
          // Out of the queue, on disk, before a byte of it changes.
          const rest = without(current, 'reason', 'wait', 'triggeredBy', 'isReleased')
          const opened: Message = { ...(isLost ? rest : without(rest as Message, 'error')), state: 'open' }
          await this.#write([opened], [{ event: 'reopened' }])
          file.session.reopened(current)
        }
        if (flags.truncate) await file.truncate(0, { isLocked: true })
        return file.handle({ write: true })
      } finally {
        await pin.release()
      }
    })
  }

  async truncate(partner: Partner, path: readonly Name[], size: Bytes, signal: AbortSignal): Promise<void> {
    const { members } = this.#find(partner, path)
    const file = await this.open(partner, path, { write: true, truncate: false }, signal)
    try {
      await file.truncate(size)
      // An archive that could not be made, and is written anew.
      if (size === 0) for (const { id } of members ?? []) await this.#parts.spool.remove(id)
      await file.flush({ closed: async () => ({ isLast: true, killedBy: undefined }) }, signal)
    } finally {
      await file.release()
    }
  }

  async rename(partner: Partner, from: readonly Name[], to: readonly Name[], signal: AbortSignal): Promise<void> {
    if (this.#bundles.has(partner, from)) return this.#bundles.send(partner, from, to, signal)
    sendKey(this.#parts.root, partner, to)
    this.#bundles.mustHold(partner, to)
    const source = this.#find(partner, from)
    const name = to.join('/')
    const isUnchecked = await this.#names.check(partner, name, true, signal)
    const target = this.#parts.book.at(partner, name)
    const ids = [source.id, ...(target ? [target.id] : []), pathId(partner, name)]
    await this.#parts.locks.run([...ids, ...this.#bundles.lockIds(partner, to)], async () => {
      this.#bundles.mustHold(partner, to)
      const current = mustBePacked(this.#mustBeIdle(source.id, 'EBUSY'))
      if (current.isDamaged === true) throw damaged(current)
      const replaced = this.#parts.book.at(partner, name)
      if (replaced?.id !== target?.id) throw new FsError('EBUSY', `${name} was made a moment ago.`)
      const gone = replaced ? [{ ...this.#mustBeIdle(replaced.id, 'EBUSY'), state: 'gone' as const }] : []
      const rest = without(current, 'isUnchecked', 'killedBy', 'triggeredBy', 'isReleased')
      const moved = { ...rest, path: name, isRenamed: true }
      const renamed: Message = isUnchecked ? { ...moved, isUnchecked } : moved
      // An open file is judged when it is closed.
      const next = current.state === 'open' ? renamed : this.#judged(renamed)
      const told: Told = current.state === 'open' ? { event: 'renamed' } : toldOf(renamed, next)
      const cancelled = gone.map((): Told => ({ event: 'cancelled' }))
      await this.#write([...gone, next], [...cancelled, { ...told, from: current.path }])
      for (const { id } of gone) await this.#parts.spool.remove(id)
    })
    await this.#rejudging.heed()
    this.#parts.uploads.kick()
  }

  async unlink(partner: Partner, path: readonly Name[]): Promise<void> {
    await this.#discard(this.#find(partner, path).id)
  }

  async mkdir(partner: Partner, path: readonly Name[]): Promise<void> {
    await this.#bundles.mkdir(partner, path)
    await this.#rejudging.heed()
  }

  async rmdir(partner: Partner, path: readonly Name[]): Promise<void> {
    await this.#bundles.rmdir(partner, path)
    await this.#rejudging.heed()
  }

  async setMtime(partner: Partner, path: readonly Name[], mtime: EpochMs): Promise<void> {
    const { id } = this.#find(partner, path)
    await this.#parts.locks.run([id], async () => {
      const message = this.#parts.book.get(id)
      // One that is on its way is not changed any more; its time is of no use to anybody.
      if (!message || this.#parts.uploads.isUnderWay(id)) return
      // A trigger that was used counts again when it is touched.
      const touched = message.isSpent === true ? renewed(message) : message
      await this.#parts.book.put([{ ...touched, mtime }], { sync: false })
    })
    await this.#rejudging.heed()
  }

  listed(partner: Partner, begunAt: Milliseconds, has: (key: Key) => boolean): Promise<void> {
    return this.#parts.pickup.listed(partner, begunAt, has)
  }

  async retry(id: string): Promise<void> {
    const archive = this.#parts.book.get(id)
    if (archive?.members && archive.state === 'held') {
      this.#packer.retry(id)
      return
    }
    await this.#requeue(id, retried)
  }

  async releaseHeld(id: string): Promise<void> {
    await this.#requeue(id, released)
  }

  cancel(id: string): Promise<void> {
    return this.#discard(id)
  }

  async mountEnded(isProof: boolean): Promise<void> {
    this.#isLeaving = true
    await this.#files.idle(lastCloses)
    if (isProof) await this.#files.endWriting()
  }

  async drain(limit: Milliseconds): Promise<SendCounts> {
    this.#isLeaving = true
    const end = performance.now() + limit
    await this.#packer.drain(limit)
    await this.#parts.uploads.drain(Math.max(0, end - performance.now()))
    return this.counts()
  }

  async close(): Promise<void> {
    this.#isLeaving = true
    await this.#lastCloses.close()
    await this.#packer.close()
    await this.#parts.uploads.close()
    await this.#parts.pickup.close()
    await this.#parts.spool.close()
    await this.#parts.book.close()
  }

  /** At the start: files that were closed, of which the kernel could not tell any more. */
  async finishClosed(): Promise<void> {
    const closed = [...this.#parts.book.all()].filter((it) => it.state === 'open')
    for (const { id, size } of closed) await this.#lastCloses.of(WritingSession.ofNew(id, size, this.#parts))
    await this.#rejudging.heedAll()
    this.#packer.kick()
  }

  #judged(message: Message): Message {
    const { clock, holding, beside, settle, bucket } = this.#parts
    const isSuffixed = this.#names.isSuffixed(message, message.path)
    const now = clock.now()
    return judged(message, { holding, beside, settle, now, bucketNow: bucket.now() ?? now, isSuffixed })
  }

  async #requeue(id: string, change: (message: Message, now: EpochMs) => Message): Promise<void> {
    await this.#parts.locks.run([id], async () => {
      // What may be in the bucket is looked for before it is sent.
      const message = this.#mustBeIdle(id, 'EBUSY', { inDoubt: true })
      const next = this.#rejudging.byHand(change(message, this.#parts.clock.now()))
      await this.#write([next], [toldOf(message, next)])
    })
    await this.#rejudging.heed()
    this.#parts.uploads.kick()
  }

  async #discard(id: string): Promise<void> {
    await this.#parts.locks.run([id], async () => {
      // One that nobody looks for any more may be given up.
      const message = this.#mustBeIdle(id, 'EPERM', { inDoubt: this.#parts.book.get(id)?.state !== 'queued' })
      await this.#write([{ ...message, state: 'gone' }], [{ event: 'cancelled' }])
      this.#packer.forget(id)
      for (const it of dataOf(message)) await this.#parts.spool.remove(it)
    })
    await this.#rejudging.heed()
    this.#parts.uploads.sweep()
  }

  async #write(messages: readonly Message[], told: readonly Told[]): Promise<void> {
    await this.#parts.book.put(messages, { sync: true, told })
  }

  #find(partner: Partner, path: readonly Name[]): Message {
    const message = this.#parts.book.at(partner, path.join('/'))
    if (!message) throw new FsError('ENOENT', `There is no ${path.join('/')} in this send/.`)
    return message
  }

  #mustBeIdle(id: string, submittedAs: 'EPERM' | 'EBUSY', { inDoubt } = { inDoubt: false }): Message {
    return mustBeIdle(this.#parts.book.get(id), {
      submittedAs,
      inDoubt,
      isUnderWay: this.#parts.uploads.isUnderWay(id),
    })
  }

  #mayOpen(): void {
    if (this.#isLeaving) throw new FsError('ESHUTDOWN', 'The mount is being taken down: nothing new is accepted.')
  }
}
