/** How many requests were sent to S3, by kind: within the last hour, and in all. */
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { requestKinds, type RequestCounts, type RequestKind } from './prices.js'

const minute: Milliseconds = 60_000
const hour = 60

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

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
    this.#since = clock.monotonic()
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
