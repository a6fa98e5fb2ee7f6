/** What nobody needs any more goes from the spool. What the disk does not let go is told once, and tried again until it does. */
import { unlink } from 'node:fs/promises'
import type { CancelSignal } from '../../cancellation.js'
import { BackgroundJob } from '../../background-job.js'
import { codeOf } from '../../errors.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'

export interface RemovalsOptions {
  /** Of the spool's file with an id. */
  readonly pathOf: (id: string) => string
  readonly log: Logger
  /** A minute by default. */
  readonly againAfter?: Milliseconds
}

const aMinute: Milliseconds = 60_000

export class Removals {
  readonly #options: RemovalsOptions
  /** Ids of what is to go, and is there still. */
  readonly #left = new Set<string>()
  readonly #again = new BackgroundJob((stop) => this.#tryAgain(stop))

  constructor(options: RemovalsOptions) {
    this.#options = options
  }

  /** Whether it should be gone, and is not. */
  isLeft(id: string): boolean {
    return this.#left.has(id)
  }

  /** Never throws. */
  async remove(id: string): Promise<void> {
    const { log, pathOf } = this.#options
    const error = await this.#unlink(id)
    if (error === undefined || this.#left.has(id)) return
    this.#left.add(id)
    const file = pathOf(id)
    const why = codeOf(error) ?? 'unknown'
    const sentence = `What is not needed any more can't be removed from the spool (${why}). It is never sent, and takes room: ${file}.`
    log.error({ err: error, file }, sentence)
    this.#again.in(this.#options.againAfter ?? aMinute)
  }

  /** It is about to be written anew: it is not to go any more. */
  async keep(id: string): Promise<void> {
    if (!this.#left.delete(id)) return
    // That may have it in its hands.
    await this.#again.idle()
  }

  close(): Promise<void> {
    return this.#again.stop()
  }

  async #tryAgain(stop: CancelSignal): Promise<void> {
    for (const id of [...this.#left]) {
      if (stop.aborted) return
      if (this.#left.has(id) && (await this.#unlink(id)) === undefined) this.#left.delete(id)
    }
    if (this.#left.size > 0) this.#again.in(this.#options.againAfter ?? aMinute)
  }

  /** @returns why it is there still */
  async #unlink(id: string): Promise<unknown> {
    try {
      await unlink(this.#options.pathOf(id))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return error
    }
    return undefined
  }
}
