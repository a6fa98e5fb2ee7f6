/** Makes the archives of bundles, in the background, one at a time. What is to be packed is in the journal before. */
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
import { retryDelay } from '../uploads/retry-delay.js'
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

  async #packAll(stop: AbortSignal): Promise<void> {
    for (let next = this.#next(); next && !stop.aborted; next = this.#next()) await this.#pack(next)
    let due = Infinity
    for (const { id } of this.#options.book.index.unpacked()) due = Math.min(due, this.#dueAt(id))
    if (due < Infinity) this.#packing.in(Math.max(due - this.#options.clock.monotonic(), 1))
  }

  #next(): Message | undefined {
    const now = this.#options.clock.monotonic()
    for (const archive of this.#options.book.index.unpacked()) if (this.#dueAt(archive.id) <= now) return archive
    return undefined
  }

  #dueAt(id: string): Milliseconds {
    return this.#due.get(id) ?? 0
  }

  async #pack(archive: Message): Promise<void> {
    const { spool, log } = this.#options
    const controller = new AbortController()
    this.#current = { id: archive.id, controller }
    try {
      const lost = await this.#lostMember(archive)
      if (lost !== undefined) {
        const error = `The spool has not all of ${lost} any more.`
        await this.#change(archive.id, { type: 'failed', error, isDamaged: true })
        return
      }
      const members = archive.members ?? []
      const zip = zipOf(members, ({ id, size }) => spool.stream(id, { start: 0, end: size }))
      const size = await spool.store(archive.id, zip, controller.signal)
      await this.#packed(archive, size)
    } catch (err) {
      // What there is of it takes room that others need.
      await spool.remove(archive.id)
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
