/**
 * Counts what comes in and what receipts say, as it is found in the bucket. Who reads the figures is somebody who looks: now and
 * then, in the background, for the next reading.
 */
import type { BucketEvent } from '../events/event.js'
import type { Source } from '../events/source.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { PartnerCounts } from './partner-counts.js'
import type { PartnerLabels } from './partner-labels.js'
import type { Samples } from './samples.js'

export interface HappeningsOptions {
  readonly source: Source
  readonly labels: PartnerLabels
  /** How often it is looked, while somebody reads. */
  readonly every: Milliseconds
  readonly clock: Pick<Clock, 'monotonic'>
}

const results = ['delivered', 'warned', 'refused', 'overdue'] as const

/** So many looks without a reading, and what is known for the next one is forgotten. */
const mostUnread = 3
const leastPatience: Milliseconds = 10 * 60_000

export class Happenings {
  readonly #options: HappeningsOptions
  readonly #results: PartnerCounts<(typeof results)[number]>
  readonly #end: () => void
  #received = 0
  /** The next event, by its number. */
  #next: number
  #lookedAt: Milliseconds = -Infinity
  #letGo: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: HappeningsOptions) {
    const { source, labels } = options
    this.#options = options
    this.#results = new PartnerCounts(results, labels)
    this.#next = source.recent.end
    this.#end = source.recent.onNew(() => this.#count())
  }

  /** Somebody reads the figures. */
  asked(): void {
    const { source, every, clock } = this.#options
    this.#letGo ??= source.keep()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#forget(), Math.max(leastPatience, mostUnread * every)).unref()
    if (clock.monotonic() - this.#lookedAt < every) return
    this.#lookedAt = clock.monotonic()
    void source.look()
  }

  tell(samples: Samples): void {
    samples.add('as2fs_received_total', this.#received)
    this.#results.tell(samples, 'as2fs_delivery_results_total')
  }

  close(): void {
    this.#end()
    this.#forget()
  }

  #count(): void {
    const { recent } = this.#options.source
    // Undefined: something is seen for the first time, and nobody knows what of it is new.
    for (const event of recent.from(this.#next) ?? []) this.#note(event)
    this.#next = recent.end
  }

  #note(event: BucketEvent): void {
    if (event.event === 'received') this.#received += 1
    else if (event.event !== 'mdn-unreadable') this.#results.add(event, event.warned === true ? 'warned' : event.event)
  }

  #forget(): void {
    clearTimeout(this.#timer)
    this.#letGo?.()
    this.#letGo = undefined
  }
}
