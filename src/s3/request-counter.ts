/** How many requests were sent to S3, by kind: within the last hour, and in all. */
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { OutcomeMeter } from '../telemetry/outcome-meter.js'
import { requestKinds, type RequestCounts, type RequestKind } from './prices.js'

const minute: Milliseconds = 60_000
const hour = 60
/** In seconds: from a server next door to what is given up. */
const limitsOfTimes = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Of one minute. */
interface Slot {
  /** Since the counter was made; what is older than an hour is overwritten. */
  minute: number
  readonly counts: Record<RequestKind, number>
}

export class RequestCounter {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #since: Milliseconds
  readonly #ring: readonly Slot[] = Array.from({ length: hour }, () => ({ minute: -1, counts: none() }))
  readonly #total = none()
  readonly #again = none()
  /** How they ended, each try: the answer's status, or why there was none. Until the answer has begun; listings to their end. */
  readonly answers = new OutcomeMeter(limitsOfTimes)

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
    this.#since = clock.monotonic()
  }

  /**
   * One is on its way, the first time or again.
   * @returns to be told how it ended, in one of a few words, and whether S3 may have been asked
   */
  begin(kind: RequestKind): (code: string, mayHaveArrived: boolean) => void {
    const since = this.#clock.monotonic()
    return (code, mayHaveArrived) => {
      if (mayHaveArrived) this.count(kind)
      this.answers.ended(kind, code, this.#clock.monotonic() - since)
    }
  }

  /** One is sent because the one before it has failed. */
  again(kind: RequestKind): void {
    this.#again[kind] += 1
  }

  /** How many of them came after one that had failed. */
  get retries(): RequestCounts {
    return { ...this.#again }
  }

  /** One was sent, the first time or again. */
  count(kind: RequestKind): void {
    this.#total[kind] += 1
    const now = this.#minute
    const slot = this.#ring[now % hour]
    if (!slot) return
    if (slot.minute !== now) {
      slot.minute = now
      Object.assign(slot.counts, none())
    }
    slot.counts[kind] += 1
  }

  /** Since the counter was made. */
  get total(): RequestCounts {
    return { ...this.#total }
  }

  /** Of this minute and the 59 before it. */
  get lastHour(): RequestCounts {
    const sum = none()
    const oldest = this.#minute - hour
    for (const { minute, counts } of this.#ring) {
      if (minute > oldest) for (const it of requestKinds) sum[it] += counts[it]
    }
    return sum
  }

  /** How long that is which `lastHour` counts: less than an hour, if there was less. */
  get span(): Milliseconds {
    const age = this.#age
    return Math.min(age, (hour - 1) * minute + (age % minute))
  }

  get #age(): Milliseconds {
    return this.#clock.monotonic() - this.#since
  }

  get #minute(): number {
    return Math.floor(this.#age / minute)
  }
}

function none(): Record<RequestKind, number> {
  const zeros = requestKinds.map((it) => [it, 0] as const)
  return Object.fromEntries(zeros) as Record<RequestKind, number>
}
