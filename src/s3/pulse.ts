/** Whether the bucket answers at the moment: for who would rather do without an answer than wait for one in vain. */
import type { CancelSignal } from '../cancellation.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { StoreError } from './store-error.js'
import type { Store } from './store.js'

/** A page of a listing that takes longer: something is wrong, or at least nobody should wait for it … */
const silence: Milliseconds = 400
/** … unless the last ones took about as long: the bucket is slow, and answers. */
const slack = 1.5
const longestSilence: Milliseconds = 5_000

interface Asked {
  readonly at: Milliseconds
}

export class Pulse {
  readonly #clock: Clock
  /** Listings under way, the oldest first. Bodies take as long as they take, so other requests tell nothing before they end. */
  readonly #listings = new Set<Asked>()
  /** When a page of a listing came: that files are taken tells nothing of those. */
  #pageAt: Milliseconds = -Infinity
  /** How long the last pages took. */
  #usual: Milliseconds = 0
  #goodAt: Milliseconds = -Infinity
  #badAt: Milliseconds = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** When it last answered, by the clock that never steps. */
  get goodAt(): Milliseconds {
    return this.#goodAt
  }

  /** How long it may be silent yet before nobody should wait for it; 0: it is known not to answer. */
  get patience(): Milliseconds {
    if (this.#badAt > this.#goodAt) return 0
    const [oldest] = this.#listings
    if (!oldest) return this.#silence
    return Math.max(0, this.#silence - (this.#clock.monotonic() - Math.max(oldest.at, this.#pageAt)))
  }

  get #silence(): Milliseconds {
    return Math.min(longestSilence, Math.max(silence, this.#usual * slack))
  }

  /** The same store, its answers noted. */
  watch(store: Store): Store {
    return {
      lacks: store.lacks,
      list: async (request, signal) => {
        const asked: Asked = { at: this.#clock.monotonic() }
        this.#listings.add(asked)
        try {
          return await this.#noted(store.list(request, signal), signal, asked)
        } finally {
          this.#listings.delete(asked)
        }
      },
      get: (request, signal) => this.#noted(store.get(request, signal), signal),
      head: (key, signal) => this.#noted(store.head(key, signal), signal),
      put: (request, signal) => this.#noted(store.put(request, signal), signal),
      createMultipart: (key, signal) => this.#noted(store.createMultipart(key, signal), signal),
      uploadPart: (key, uploadId, part, signal) => this.#noted(store.uploadPart(key, uploadId, part, signal), signal),
      completeMultipart: (key, uploadId, parts, onlyIfAbsent, signal) =>
        this.#noted(store.completeMultipart(key, uploadId, parts, onlyIfAbsent, signal), signal),
      abortMultipart: (key, uploadId, signal) => this.#noted(store.abortMultipart(key, uploadId, signal), signal),
      close: () => store.close(),
    }
  }

  async #noted<T>(answer: Promise<T>, signal: CancelSignal, asked?: Asked): Promise<T> {
    try {
      const result = await answer
      this.#goodAt = this.#clock.monotonic()
      if (asked) {
        const took = this.#goodAt - asked.at
        // One that took longer came through an outage.
        if (took < longestSilence) this.#usual = Math.max(took, this.#usual / 2)
        this.#pageAt = this.#goodAt
      }
      return result
    } catch (error) {
      this.#noteFailure(error, signal, asked)
      throw error
    }
  }

  #noteFailure(error: unknown, signal: CancelSignal, asked: Asked | undefined): void {
    const now = this.#clock.monotonic()
    const isDown = !(error instanceof StoreError) || error.failure === 'transient' || error.failure === 'credentials'
    if (!isDown) this.#goodAt = now
    // Who gave up early does not know.
    else if (!signal.aborted || (asked && now - Math.max(asked.at, this.#pageAt) >= this.#silence)) this.#badAt = now
  }
}
