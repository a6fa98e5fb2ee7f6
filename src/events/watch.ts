/** Looks at the bucket while somebody waits for what comes, for all who do. */
import type { CancelSignal } from '../cancellation.js'
import { BackgroundJob } from '../background-job.js'
import { FsError, reasonOf } from '../errors.js'
import { within } from '../patience.js'
import type { Timers } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { BucketEvent } from './event.js'
import { Recent } from './recent.js'
import { compareMarks, lookBack, type Eye, type Look, type Mark, type Source } from './source.js'

export interface WatchOptions {
  readonly eyes: readonly Eye[]
  /** `--list-ttl` */
  readonly every: Milliseconds
  readonly clock: {
    monotonic(): Milliseconds
    /** The bucket's time; undefined before its first answer. */
    now(): EpochMs | undefined
  }
  /** By which it waits; the system's by default. */
  readonly timers?: Pick<Timers, 'pause'>
}

const lookWithin: Milliseconds = 60_000
const mostRecent = 10_000
const notYet = 'The bucket has not been looked at as a whole yet.'

export class Watch implements Source {
  readonly recent = new Recent<BucketEvent>(mostRecent)
  readonly #options: WatchOptions
  readonly #looks: BackgroundJob
  #wanted = 0
  #kept = 0
  #lookedAt: Milliseconds = -Infinity
  #through: EpochMs | undefined
  #missing: string | undefined = notYet

  constructor(options: WatchOptions) {
    this.#options = options
    this.#looks = new BackgroundJob((signal) => this.#round(signal), options)
  }

  get through(): EpochMs | undefined {
    return this.#through
  }

  get missing(): string | undefined {
    return this.#missing
  }

  async look(): Promise<void> {
    this.#looks.now()
    await this.#looks.idle()
  }

  async oldest(after: Mark, most: number): Promise<readonly BucketEvent[]> {
    const all = await Promise.all(this.#options.eyes.map((eye) => eye.oldest(after, most)))
    return all
      .flat()
      .sort((a, b) => compareMarks(markOf(a), markOf(b)))
      .slice(0, most)
  }

  want(): () => void {
    this.#wanted += 1
    if (this.#wanted === 1) this.#lookInTime()
    return once(() => {
      this.#wanted -= 1
    })
  }

  keep(): () => void {
    this.#kept += 1
    return once(() => {
      this.#kept -= 1
      if (this.#kept === 0) this.#forget()
    })
  }

  async close(): Promise<void> {
    await this.#looks.stop()
  }

  #forget(): void {
    this.#looks.putOff()
    for (const eye of this.#options.eyes) eye.forget()
    this.recent.invalidate()
    this.#through = undefined
    this.#missing = notYet
  }

  async #round(stopped: CancelSignal): Promise<void> {
    this.#missing = await within(lookWithin, stopped, (signal) => this.#lookAtAll(signal)).catch(sentenceOf)
    this.#lookedAt = this.#options.clock.monotonic()
    // Who has not read yet what was found does not need more.
    if (this.#wanted > 0) this.#lookInTime()
  }

  #lookInTime(): void {
    const { every, clock } = this.#options
    this.#looks.in(Math.max(0, this.#lookedAt + every - clock.monotonic()))
  }

  /** @returns one sentence, if some of it could not be looked at */
  async #lookAtAll(signal: CancelSignal): Promise<string | undefined> {
    const { eyes, clock } = this.#options
    const now = clock.now() ?? 0
    const since = Math.min(now, this.#through ?? now) - lookBack
    const looks = await Promise.all(eyes.map((eye) => eye.look(since, signal).catch(nothingSeen)))
    for (const { news, isFirst } of looks) {
      if (isFirst) this.recent.invalidate()
      this.recent.add(news)
    }
    const listedAt = looks.reduce((first, it) => Math.min(first, it.listedAt ?? first), clock.monotonic())
    const missing = looks.map((it) => it.missing).find((it) => it !== undefined)
    if (missing === undefined) this.#note(listedAt)
    return missing ?? this.#stale(listedAt)
  }

  /** All that was there when the oldest of the listings was begun has been seen. */
  #note(listedAt: Milliseconds): void {
    const { clock } = this.#options
    const now = clock.now()
    if (now !== undefined) this.#through = Math.max(this.#through ?? 0, now - (clock.monotonic() - listedAt))
  }

  #stale(listedAt: Milliseconds): string | undefined {
    const { clock, every } = this.#options
    const age = clock.monotonic() - listedAt
    if (age < every + lookWithin) return undefined
    return `The bucket does not answer: what came within the last ${Math.round(age / 1_000)} s is not known.`
  }
}

/** The place of an event in the order of time. */
export function markOf({ at, key, event }: BucketEvent): Mark {
  return { at: Date.parse(at), key: `${key} ${event}` }
}

/** What an eye found before it failed for another reason than the bucket is found once more. */
function nothingSeen(error: unknown): Look {
  return { news: [], isFirst: !(error instanceof FsError), listedAt: undefined, missing: sentenceOf(error) }
}

function sentenceOf(error: unknown): string {
  return error instanceof FsError ? error.message : `The bucket can't be looked at (${reasonOf(error)}).`
}

function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}
