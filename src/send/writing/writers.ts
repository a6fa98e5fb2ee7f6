/** Who has a file open for writing, and which of them have closed it: when all have, all of it is here. */
import { BackgroundJob } from '../../background-job.js'
import type { Milliseconds } from '../../units.js'
import type { Close } from '../sender.js'

/**
 * The release follows the last close(2) at once. If it does not come, a process that was not seen has the file open still, or
 * a mapping of it.
 */
const releaseWithin: Milliseconds = 1_000

export class Writers {
  readonly #open = new Set<Writer>()
  readonly #doubt: BackgroundJob

  /** @param onDoubt the release that was expected did not come: somebody may write on */
  constructor(onDoubt: () => void) {
    this.#doubt = new BackgroundJob(() => {
      for (const writer of this.#open) writer.isOpenAfterAll()
      onDoubt()
    })
  }

  /** Nobody has it open for writing. */
  get isEmpty(): boolean {
    return this.#open.size === 0
  }

  /** Some have, but nobody will write any more, as far as anybody can see. */
  get areClosed(): boolean {
    return !this.isEmpty && [...this.#open].every((it) => it.isClosed)
  }

  opened(): Writer {
    const writer = new Writer()
    this.#open.add(writer)
    return writer
  }

  /** They are closed, and that is written down: so it must be released soon. */
  expectRelease(): void {
    this.#doubt.in(releaseWithin)
  }

  /** The kernel has released a handle. @returns whether it was the last one that could write */
  released(writer: Writer): boolean {
    return this.#open.delete(writer) && this.#isOver()
  }

  /** It is certain that nobody has it open, though the kernel did not tell. */
  end(): void {
    this.#open.clear()
    this.#isOver()
  }

  #isOver(): boolean {
    if (this.isEmpty) this.#doubt.putOff()
    return this.isEmpty
  }
}

/** A handle that may write, of which any number of processes may have descriptors. */
export class Writer {
  /** The last of its descriptors is closed; its release is on the way. */
  #isClosed = false
  /** How often it was written to. */
  #writes = 0
  /** Closes of which it is not known yet how they are done. */
  readonly #closing = new Set<Promise<unknown>>()

  get isClosed(): boolean {
    return this.#isClosed && this.#closing.size === 0
  }

  wrote(): void {
    this.#isClosed = false
    this.#writes += 1
  }

  /** It was closed for good by all that was seen, but was not released. */
  isOpenAfterAll(): void {
    this.#isClosed = false
  }

  /**
   * One of its descriptors is being closed: finds out how, and keeps that in mind.
   * @param onKilled told if the signal that ended its process closed it
   */
  async closed(close: Close, onKilled: (signal: string) => Promise<void>): Promise<void> {
    const closing = this.#ask(close, onKilled)
    this.#closing.add(closing)
    try {
      await closing
    } finally {
      this.#closing.delete(closing)
    }
  }

  /** It is known of all closes how they were done: they were answered too late, or their process did not wait. */
  async known(): Promise<void> {
    await Promise.all(this.#closing)
  }

  async #ask(close: Close, onKilled: (signal: string) => Promise<void>): Promise<void> {
    const writes = this.#writes
    const { isLast, killedBy } = await close.closed()
    // What was written meanwhile came from somebody who was not seen.
    this.#isClosed = isLast && this.#writes === writes
    if (killedBy !== undefined) await onKilled(killedBy)
  }
}
