/** Listings of all of a prefix: one under way serves all who want one that was begun no earlier than that. */
import type { Store } from '../s3/store.js'
import { compareKeys } from '../s3/key-order.js'
import type { Clock, Timers } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds, Prefix } from '../units.js'
import { asFsError } from './failed-fetches.js'
import type { KeyIndex } from './key-index.js'
import { listWhole } from './list-whole.js'
import type { ListingMeter } from './listing-meter.js'
import type { FirstPage } from './sweeps/large-views.js'

export interface WholeListingsOptions {
  readonly prefix: Prefix
  readonly store: Store
  readonly meter: ListingMeter
  /** How long one may take, all its pages together. */
  readonly deadline: Milliseconds
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Logger
}

/** What one found. */
export interface Whole {
  readonly index: KeyIndex
  readonly startedAt: Milliseconds
  /** What comes after this key was listed by others since it was begun. */
  readonly tail: string | undefined
}

interface Flight<T> {
  readonly startedAt: Milliseconds
  tail: string | undefined
  readonly landed: Promise<T>
}

export class WholeListings<T> {
  readonly #options: WholeListingsOptions
  readonly #land: (whole: Whole) => T
  readonly #flights = new Set<Flight<T>>()

  /** @param land what becomes of what was found */
  constructor(options: WholeListingsOptions, land: (whole: Whole) => T) {
    this.#options = options
    this.#land = land
  }

  get areUnderWay(): boolean {
    return this.#flights.size > 0
  }

  /**
   * One that was, or is, begun at that time or later.
   * @param first its first page, if that was listed already
   * @throws FsError
   */
  begunSince(time: Milliseconds, first?: FirstPage): Promise<T> {
    for (const flight of this.#flights) if (flight.startedAt >= time) return flight.landed
    const startedAt = first?.listedAt ?? this.#options.clock.monotonic()
    const flight: Flight<T> = { startedAt, tail: undefined, landed: this.#fly(() => flight, first) }
    this.#flights.add(flight)
    return flight.landed
  }

  /** What comes after a key was listed just now. */
  noteTail(after: string): void {
    for (const flight of this.#flights) flight.tail = least(flight.tail, after)
  }

  async #fly(own: () => Flight<T>, first: FirstPage | undefined): Promise<T> {
    const { store, meter, prefix, deadline, clock, timers, log } = this.#options
    const begun = clock.monotonic()
    try {
      const index = await meter.of('whole', listWhole(store, prefix, timers.timeout(deadline), first?.objects))
      log.debug({ prefix, objects: index.size, ms: clock.monotonic() - begun }, 'listed')
      const { startedAt, tail } = own()
      return this.#land({ index, startedAt, tail })
    } catch (cause) {
      throw asFsError(cause)
    } finally {
      this.#flights.delete(own())
    }
  }
}

function least(a: string | undefined, b: string): string {
  return a === undefined || compareKeys(a, b) > 0 ? b : a
}
