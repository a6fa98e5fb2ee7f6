/**
 * Files of the spool that are not on disk: new ones are in memory as long as they are open, and small ones that were closed in the
 * journal alone. Who makes one, or needs it no more, says so here; both may happen at the same time.
 */
import type { CancelSignal } from '../../cancellation.js'
import { BackgroundJob } from '../../background-job.js'
import type { Milliseconds } from '../../units.js'
import type { SpoolFile } from './spool-file.js'

/** What is open for longer than that is made, and outlives the process. */
const openFor: Milliseconds = 1_000

interface OpenFile {
  readonly file: SpoolFile
  readonly since: Milliseconds
}

export class UnmadeFiles {
  readonly #open = new Map<string, OpenFile>()
  readonly #closed = new Set<string>()
  readonly #job = new BackgroundJob((stop) => this.#makeSome(stop))
  #isDue = false

  opened(id: string, file: SpoolFile): void {
    this.#open.set(id, { file, since: performance.now() })
    if (this.#isDue) return
    this.#isDue = true
    this.#job.in(openFor)
  }

  /** It is open no more; what it held is in the journal, if it was not made meanwhile. */
  closed(id: string): void {
    if (this.#open.delete(id)) this.#closed.add(id)
  }

  /** At a start: the journal alone has it. */
  found(id: string): void {
    this.#closed.add(id)
  }

  has(id: string): boolean {
    return this.#closed.has(id) || this.#open.has(id)
  }

  /** One that is open. */
  file(id: string): SpoolFile | undefined {
    return this.#open.get(id)?.file
  }

  /** It is made, or nobody needs it. @returns false: the other has happened before */
  delete(id: string): boolean {
    return this.#closed.delete(id) || this.#open.delete(id)
  }

  /** Makes all that are open. Never throws: of what can't be made, whoever closes it is told. */
  async end(): Promise<void> {
    await this.#job.stop()
    for (const { file } of this.#open.values()) await file.made().catch(() => undefined)
  }

  async #makeSome(stop: CancelSignal): Promise<void> {
    const before = performance.now() - openFor
    for (const { file, since } of [...this.#open.values()]) {
      if (!stop.aborted && since <= before) await file.made().catch(() => undefined)
    }
    this.#isDue = this.#open.size > 0
    if (this.#isDue) this.#job.in(openFor)
  }
}
