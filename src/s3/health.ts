/** Remembers how the bucket answers, for `status`. */
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs } from '../units.js'
import { StoreError } from './store-error.js'
import type { Store } from './store.js'

export interface Health {
  readonly state: 'ok' | 'unreachable' | 'refused'
  readonly since: EpochMs
  /** One sentence: the last failure, while it lasts. */
  readonly problem: string | undefined
}

/** Watches all calls of a store. */
export class HealthWatch {
  readonly #clock: Clock
  #health: Health

  constructor(clock: Clock) {
    this.#clock = clock
    this.#health = { state: 'ok', since: clock.now(), problem: undefined }
  }

  get health(): Health {
    return this.#health
  }

  /** The same store, its answers noted. */
  watch(store: Store): Store {
    const noted = <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) => {
      return async (...args: Args): Promise<T> => {
        try {
          const answer = await call(...args)
          this.#note('ok', undefined)
          return answer
        } catch (error) {
          this.#noteFailure(error)
          throw error
        }
      }
    }
    return {
      list: noted((request, signal) => store.list(request, signal)),
      get: noted((request, signal) => store.get(request, signal)),
      head: noted((key, signal) => store.head(key, signal)),
      put: noted((request, signal) => store.put(request, signal)),
      createMultipart: noted((key, signal) => store.createMultipart(key, signal)),
      uploadPart: noted((key, uploadId, part, signal) => store.uploadPart(key, uploadId, part, signal)),
      completeMultipart: noted((key, uploadId, parts, onlyIfAbsent, signal) =>
        store.completeMultipart(key, uploadId, parts, onlyIfAbsent, signal),
      ),
      abortMultipart: noted((key, uploadId, signal) => store.abortMultipart(key, uploadId, signal)),
      close: () => store.close(),
    }
  }

  #noteFailure(error: unknown): void {
    if (!(error instanceof StoreError)) return
    if (error.failure === 'transient') this.#note('unreachable', error.message)
    else if (error.failure === 'credentials') this.#note('refused', error.message)
    // S3 answered, and the answer was about one key only.
    else this.#note('ok', undefined)
  }

  #note(state: Health['state'], problem: string | undefined): void {
    const since = state === this.#health.state ? this.#health.since : this.#clock.now()
    this.#health = { state, since, problem }
  }
}
