/** Makes the archives of bundles, in the background, one at a time. What is to be packed is in the journal before. */
import type { CancelSignal } from '../../cancellation.js'
import { inTime } from '../../patience.js'
import { BackgroundJob } from '../../background-job.js'
import { FsError } from '../../errors.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Logger } from '../../telemetry/log.js'
import type { Bytes, Milliseconds } from '../../units.js'
import { zipOf } from './archive.js'
import type { LifeEvent, Verdict } from '../life/events.js'
import type { Candidate } from '../life/judgement.js'
import type { Message } from '../life/message.js'
import type { MessageBook } from '../disk/book.js'
import { retryDelay } from '../retry-delay.js'
import type { Spool } from '../disk/spool.js'

export interface PackerOptions {
  readonly book: MessageBook
  readonly spool: Spool
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  /** What becomes of an archive that is complete. */
  readonly judge: (archive: Candidate) => Verdict
  /** An archive is in the queue. */
  readonly onPacked: () => void
}

export class Packer {
  readonly #options: PackerOptions
  readonly #packing = new BackgroundJob((signal) => this.#packAll(signal))
  /** Until when those wait that could not be made, by the monotonic clock. */
  readonly #due = new Map<string, Milliseconds>()
  /** Sizes of archives that are whole, and that the journal could not take: it may have them all the same. */
  readonly #whole = new Map<string, Bytes>()
  #current: { readonly id: string; readonly controller: AbortController } | undefined

  constructor(options: PackerOptions) {
    this.#options = options
  }

  /** Looks for work. */
  kick(): void {
    this.#packing.now()
  }

  /** Packs one now that waits for its next try. */
  retry(id: string): void {
    this.#due.delete(id)
    this.kick()
  }

  /** How long one waits for its next try yet, if it does. */
  waitOf(id: string): Milliseconds | undefined {
    const wait = this.#dueAt(id) - this.#options.clock.monotonic()
    return wait > 0 ? wait : undefined
  }

  /** An archive is cancelled: what is being made of it stops. */
  forget(id: string): void {
    this.#due.delete(id)
    this.#whole.delete(id)
    if (this.#current?.id === id) this.#current.controller.abort()
  }

  /** Packs what is due, for at most so long. */
  async drain(limit: Milliseconds): Promise<void> {
    this.kick()
    await inTime(this.#packing.idle(), limit)
  }

  async close(): Promise<void> {
    const stopped = this.#packing.stop()
    this.#current?.controller.abort()
    await stopped
  }

  async #packAll(stop: CancelSignal): Promise<void> {
    for (let next = this.#next(); next && !stop.aborted; next = this.#next()) await this.#pack(next)
    if (this.#options.book.isBroken) return
    let due = Infinity
    for (const { id } of this.#options.book.index.unpacked()) due = Math.min(due, this.#dueAt(id))
    if (due < Infinity) this.#packing.in(Math.max(due - this.#options.clock.monotonic(), 1))
  }

  /** None while nothing can be written down: whose the spool is then, and what the journal says, nobody knows. */
  #next(): Message | undefined {
    if (this.#options.book.isBroken) return undefined
    const now = this.#options.clock.monotonic()
    for (const archive of this.#options.book.index.unpacked()) if (this.#dueAt(archive.id) <= now) return archive
    return undefined
  }

  #dueAt(id: string): Milliseconds {
    return this.#due.get(id) ?? 0
  }

  async #pack(archive: Message): Promise<void> {
    const { log } = this.#options
    const controller = new AbortController()
    this.#current = { id: archive.id, controller }
    try {
      const size = await this.#made(archive, controller.signal)
      if (size !== undefined) await this.#packed(archive, size)
    } catch (err) {
      await this.#removeHalf(archive.id)
      if (controller.signal.aborted) return
      const error = err instanceof Error ? err.message : String(err)
      log.error(
        { id: archive.id, ...(err instanceof FsError ? {} : { err }) },
        `${archive.path} is not packed yet: ${error}`,
      )
      await this.#later(archive, error)
    } finally {
      this.#current = undefined
    }
  }

  /** Makes an archive, once. @returns undefined for one that can't be made, which has failed then */
  async #made(archive: Message, signal: CancelSignal): Promise<Bytes | undefined> {
    const { spool } = this.#options
    const { id, members = [] } = archive
    const whole = this.#whole.get(id)
    if (whole !== undefined && (await spool.size(id)) === whole) return whole
    const lost = await this.#lostMember(archive)
    if (lost !== undefined) {
      const error = `The spool has not all of ${lost} any more.`
      await this.#change(id, { type: 'failed', error, isDamaged: true })
      return undefined
    }
    const zip = zipOf(members, (it) => spool.stream(it.id, { start: 0, end: it.size }))
    const size = await spool.store(id, zip, signal)
    // From here on the journal may have it: without a word of it, if the disk fails.
    if (!signal.aborted) this.#whole.set(id, size)
    return size
  }

  /** What there is of an archive takes room that others need. A whole one may be all that there is of it after a crash. */
  async #removeHalf(id: string): Promise<void> {
    const { book, spool } = this.#options
    // Nor may it be ours any more while nothing can be written down: the next start removes it, or the next try makes it anew.
    if (!this.#whole.has(id) && !book.isBroken) await spool.remove(id)
  }

  /** The name of a member that is not whole, which nothing can mend. */
  async #lostMember(archive: Message): Promise<string | undefined> {
    for (const { id, name, size } of archive.members ?? []) {
      if ((await this.#options.spool.size(id)) !== size) return name
    }
    return undefined
  }

  async #packed({ id, members = [] }: Message, size: Bytes): Promise<void> {
    const { book, spool, judge } = this.#options
    const [packed] = await book.change(
      [id],
      ([archive]) => {
        if (archive?.reason !== 'packing') return []
        return [{ id, event: { type: 'archive-made', size, verdict: judge({ ...archive, size }) } }]
      },
      { by: 'packer', sync: true },
    )
    this.#whole.delete(id)
    if (packed) {
      this.#due.delete(id)
      for (const member of members) await spool.remove(member.id)
      // Whoever is locked would be passed over.
      this.#options.onPacked()
    } else {
      // It was cancelled meanwhile.
      await spool.remove(id)
    }
  }

  async #later(archive: Message, error: string): Promise<void> {
    const pause = retryDelay(archive.tries + 1, this.#options.random)
    this.#due.set(archive.id, this.#options.clock.monotonic() + pause)
    // The disk that could not take the archive may not take this either.
    await this.#change(archive.id, { type: 'packing-failed', error }).catch(() => undefined)
  }

  async #change(id: string, event: LifeEvent): Promise<void> {
    const { book } = this.#options
    await book.exclusively([id], async (write) => {
      if (book.get(id)?.reason !== 'packing') return
      try {
        await write([{ id, event }], { by: 'packer', sync: false })
      } catch (error) {
        book.touch(id, event)
        throw error
      }
    })
  }
}
