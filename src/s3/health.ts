/** Remembers how the bucket answers, for `status`. */
import { timeLimit } from '../patience.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds, Prefix } from '../units.js'
import { StoreError } from './store-error.js'
import type { Store } from './store.js'
import type { Traffic } from './traffic.js'

export interface Health {
  /** `refused`: the keys are; `unusable`: the bucket is there no more, or in another region. */
  readonly state: 'ok' | 'unreachable' | 'refused' | 'unusable'
  readonly since: EpochMs
  /** One sentence: the last failure, while it lasts. */
  readonly problem: string | undefined
}

/** What S3 says of the whole bucket. */
const aboutBucket = new Set(['NoSuchBucket', 'AllAccessDisabled', 'PermanentRedirect'])
/** Enough to name; who may list nothing would fill pages otherwise. */
const maxRefused = 20

/** Watches all calls of a store. */
export class HealthWatch {
  readonly #clock: Clock
  readonly #traffic: Traffic
  /** Prefixes that the keys may not list, and what was said of them. */
  readonly #refused = new Map<string, string>()
  #health: Health
  #areKeysAccepted = true

  constructor(clock: Clock, traffic: Traffic) {
    this.#clock = clock
    this.#traffic = traffic
    this.#health = { state: 'ok', since: clock.now(), problem: undefined }
  }

  /** As the last call went that has ended; and before it ends, who waits for nothing but silence tells as much. */
  get health(): Health {
    const { silence } = this.#traffic
    if (this.#health.state !== 'ok' || silence === undefined) return this.#health
    const problem = `S3 has not answered for ${seconds(silence)}.`
    return { state: 'unreachable', since: this.#clock.now() - silence, problem }
  }

  /** Not refused when S3 was last heard: who can't be reached refuses none. */
  get areKeysAccepted(): boolean {
    return this.#areKeysAccepted
  }

  /** One sentence if uploads hang, whether others are answered or not. */
  get hangingUploads(): readonly string[] {
    const { still } = this.#traffic
    if (still === undefined) return []
    const others = still.count > 1 ? `, nor to ${still.count - 1} more` : ''
    return [`No answer to an upload for ${seconds(this.#clock.monotonic() - still.since)} (${still.key})${others}.`]
  }

  /** There is something to wait for: a first answer. What it says comes next. */
  expectAnswer(problem: string): void {
    this.#note('unreachable', problem)
  }

  /** One sentence for each prefix that the keys may not list, until they may. */
  get refusedListings(): readonly string[] {
    return [...this.#refused.values()]
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
      lacks: store.lacks,
      list: noted(async (request, signal) => {
        const page = await store.list(request, signal).catch((error: unknown) => {
          if (isRefusal(error) && request.isShortcut !== true) this.#refuse(request.prefix, error.message)
          throw error
        })
        this.#allow(request.prefix)
        return page
      }),
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

  #refuse(prefix: string, sentence: string): void {
    if (this.#refused.size >= maxRefused || [...this.#refused.keys()].some((it) => prefix.startsWith(it))) return
    this.#refused.set(prefix, sentence)
  }

  #allow(prefix: string): void {
    for (const it of this.#refused.keys()) if (prefix.startsWith(it)) this.#refused.delete(it)
  }

  #noteFailure(error: unknown): void {
    if (!(error instanceof StoreError)) return
    if (error.failure === 'transient') this.#note('unreachable', error.message)
    else if (error.failure === 'credentials') this.#note('refused', error.message)
    else if (aboutBucket.has(error.s3Code)) this.#note('unusable', error.message)
    // S3 answered, and the answer was about one key only.
    else this.#note('ok', undefined)
  }

  #note(state: Health['state'], problem: string | undefined): void {
    const since = state === this.#health.state ? this.#health.since : this.#clock.now()
    this.#health = { state, since, problem }
    if (state !== 'unreachable') this.#areKeysAccepted = state !== 'refused'
  }
}

const probeEvery: Milliseconds = 15_000

/**
 * While the bucket is not well, asks it now and then: on a mount that nobody uses, `status` would go on saying so.
 * @param store the watched one
 * @returns ends it
 */
export function probeWhileUnwell(watch: HealthWatch, store: Store, root: Prefix, every = probeEvery): () => void {
  const timer = setInterval(() => {
    if (watch.health.state === 'ok') return
    // How it goes is noted by the watch.
    void store.list({ prefix: root, maxKeys: 1 }, timeLimit(every)).catch(() => undefined)
  }, every)
  timer.unref()
  return () => clearInterval(timer)
}

function isRefusal(error: unknown): error is StoreError {
  return error instanceof StoreError && error.failure === 'permanent' && error.code === 'EACCES'
}

function seconds(time: Milliseconds): string {
  return `${Math.floor(time / 1_000)} s`
}
