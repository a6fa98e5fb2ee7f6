/** The real tree on a bucket in memory, without a kernel: what the models of reading are compared with. */
import type { Filesystem } from '../../src/fs/filesystem.js'
import type { Listing } from '../../src/listing/listing.js'
import type { Sender } from '../../src/send/sender.js'
import type { Milliseconds } from '../../src/units.js'
import type { Partner } from '../../src/view/partner.js'
import {
  accessDenied,
  keysRefused,
  MemoryStore,
  slowDown,
  unreachable,
  type StoreFault,
} from '../helpers/memory-store.js'
import { idle, PlayedClock } from '../helpers/played-clock.js'
import type { Outage } from './read-actions.js'
import { makeTree, nothingKept, type KeptPlaces, type ReadTree, type TreeState } from './read-tree.js'
import { pairs } from './read-views.js'

export interface ReadWorldOptions {
  /** Most entries of a page of a listing. */
  readonly pageLimit: number
  /** How long each answer of the bucket takes; none by default. */
  readonly latency?: Milliseconds
  /** Partners that are there whatever the bucket has; those of `pairs` by default. */
  readonly configured?: readonly Partner[]
  readonly clock?: PlayedClock
}

export class ReadWorld {
  readonly clock: PlayedClock
  readonly store: MemoryStore
  /** LISTs that were answered since the last outage or refusal ended. */
  answered = 0
  /** How often it was told that what is shown is another. */
  told = 0
  readonly #sender: Sender
  readonly #places: KeptPlaces
  readonly #configured: readonly Partner[]
  readonly #latency: Milliseconds
  #tree: ReadTree
  #outage: Outage | undefined
  #hold: Promise<void> | undefined
  #release: () => void = () => undefined
  #readError: StoreFault['before']
  #refuses: ((prefix: string) => boolean) | undefined
  /** Done when so many LISTs more have come, before the next one is answered. */
  #event: { after: number; readonly run: () => void } | undefined

  private constructor(places: KeptPlaces, sender: Sender, options: ReadWorldOptions) {
    const { pageLimit, latency = 0, configured = pairs.filter((it) => it.isConfigured) } = options
    this.#sender = sender
    this.#places = places
    this.#configured = configured
    this.#latency = latency
    this.clock = options.clock ?? new PlayedClock()
    this.store = new MemoryStore({ clock: this.clock, pageLimit })
    this.store.intercept = ({ operation, key }) => this.#fault(operation, key)
    this.#tree = this.#made({})
  }

  /** @param sender nothing is ever sent */
  static async make(sender: Sender, options: ReadWorldOptions): Promise<ReadWorld> {
    return new ReadWorld(await nothingKept(), sender, options)
  }

  get fs(): Filesystem {
    return this.#tree.fs
  }

  get listing(): Listing {
    return this.#tree.listing
  }

  get tree(): ReadTree {
    return this.#tree
  }

  /** Another daemon, on the same bucket: nothing is known but what its state directory has. */
  restart(state: TreeState): void {
    this.#tree = this.#made(state)
  }

  begin(outage: Outage): void {
    this.#outage = outage
    if (outage === 'hung') this.#hold = new Promise((resolve) => (this.#release = resolve))
  }

  async heal(): Promise<void> {
    this.#outage = undefined
    this.#hold = undefined
    this.#release()
    this.answered = 0
    await idle()
  }

  /** @param refuses whether a LIST of a prefix is refused; undefined: none is */
  deny(refuses: ((prefix: string) => boolean) | undefined): void {
    this.#refuses = refuses
    this.answered = 0
  }

  /** @param error of every read from now on; undefined: none */
  failReads(error: StoreFault['before']): void {
    this.#readError = error
  }

  /** @param run what happens when so many LISTs more have come; undefined: nothing after all */
  atList(after: number, run: (() => void) | undefined): void {
    this.#event = run && { after, run }
  }

  async close(): Promise<void> {
    await this.heal()
    await this.#places.seen.close()
  }

  #made(state: TreeState): ReadTree {
    const { store, clock } = this
    const onChange = (): void => void (this.told += 1)
    const parts = { store, clock, sender: this.#sender, configured: this.#configured, onChange }
    return makeTree({ ...parts, ...this.#places }, state)
  }

  async #answer(operation: string): Promise<void> {
    if (this.#latency > 0) await this.clock.pause(this.#latency, new AbortController().signal)
    if (operation === 'list') this.answered += 1
  }

  #fault(operation: string, key: string): StoreFault | undefined {
    if (operation === 'list') {
      this.#happen()
      if (this.#refuses?.(key)) return { before: accessDenied() }
    }
    if (operation === 'get' && this.#readError && !this.#outage) return { before: this.#readError }
    switch (this.#outage) {
      case 'refused':
        return { before: unreachable() }
      case 'busy':
        return { before: slowDown() }
      case 'keys':
        return { before: keysRefused() }
      case 'hung':
        return this.#hold && { hold: this.#hold }
      case undefined:
        return { hold: this.#answer(operation) }
    }
  }

  #happen(): void {
    const event = this.#event
    if (!event) return
    event.after -= 1
    if (event.after >= 0) return
    this.#event = undefined
    event.run()
  }
}
