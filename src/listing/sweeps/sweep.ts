/** One sweep: LISTs of a common prefix from a key on, one after the other, until it has gone far enough. */
import { compareKeys } from '../../s3/key-order.js'
import type { FsError } from '../../errors.js'
import { asFsError } from '../failed-fetches.js'

export interface SweepOptions {
  /** Its first LIST begins behind this key; no prefix. */
  readonly after: string
  /** Where another begins; undefined: it goes to the end. */
  readonly until: string | undefined
  /** LISTs at most behind the first one. */
  readonly further: number
  /** One LIST, from a key on. @returns where the next one begins; undefined: there is nothing more to list */
  readonly step: (after: string) => Promise<string | undefined>
  readonly onEnd: () => void
}

export class Sweep {
  readonly #options: SweepOptions
  #after: string
  #page: Promise<unknown> = Promise.resolve()
  #ended: Promise<void> = Promise.resolve()
  /** What ended it, if that was a failure. */
  failure: FsError | undefined

  constructor(options: SweepOptions) {
    this.#options = options
    this.#after = options.after
  }

  /** The LIST that is under way begins behind this key. */
  get after(): string {
    return this.#after
  }

  /** Ends with the LIST that is under way, however that ends. */
  get page(): Promise<unknown> {
    return this.#page
  }

  /** Ends with the last one. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /** Whether its next LISTs may bring what is at a path. */
  mayBring(path: string): boolean {
    const { until } = this.#options
    return compareKeys(this.#after, path) <= 0 && (until === undefined || compareKeys(path, until) < 0)
  }

  /** Who waits for a page asks for its `failure`. */
  start(): void {
    this.#ended = this.#run().finally(this.#options.onEnd)
  }

  async #run(): Promise<void> {
    const { until, further } = this.#options
    for (let pages = 0; pages <= further; pages += 1) {
      const page = this.#options.step(this.#after).catch((error: unknown) => {
        this.failure = asFsError(error)
        return undefined
      })
      this.#page = page
      const next = await page
      if (next === undefined || (until !== undefined && compareKeys(next, until) >= 0)) return
      this.#after = next
    }
  }
}
