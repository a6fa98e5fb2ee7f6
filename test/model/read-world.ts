/** The real tree on a bucket in memory, without a kernel: what the model of reading is compared with. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createObjects } from '../../src/data/cached-objects.js'
import { As2Filesystem } from '../../src/fs/as2-filesystem.js'
import { ControlFolder } from '../../src/fs/control-folder.js'
import { DirectoryOfPartners } from '../../src/fs/directory-of-partners.js'
import type { Filesystem } from '../../src/fs/filesystem.js'
import { makeNew } from '../../src/fs/new/make-new.js'
import { ReadOnlyTree } from '../../src/fs/read-only-tree.js'
import { SendFolder } from '../../src/fs/send-folder.js'
import { SubmittedFiles } from '../../src/fs/submitted-files.js'
import { Views } from '../../src/fs/views.js'
import { createListing } from '../../src/listing/cached-listing.js'
import type { Listing } from '../../src/listing/listing.js'
import { Deliveries } from '../../src/delivery/deliveries.js'
import { attributionByKey } from '../../src/mdn/attribution.js'
import { Pulse } from '../../src/s3/pulse.js'
import type { Taking } from '../../src/taking/taking.js'
import type { Sender } from '../../src/send/sender.js'
import { PartnerSet } from '../../src/state/partners.js'
import { SeenPartners } from '../../src/state/seen-partners.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Milliseconds, Prefix } from '../../src/units.js'
import {
  accessDenied,
  keysRefused,
  MemoryStore,
  slowDown,
  unreachable,
  type StoreFault,
} from '../helpers/memory-store.js'
import { noMarks } from '../helpers/no-marks.js'
import { idle, PlayedClock } from '../helpers/played-clock.js'
import type { Outage } from './read-actions.js'
import type { Partner } from '../../src/view/partner.js'
import { pairs } from './read-views.js'
import { noReceipts } from '../helpers/no-receipts.js'
import { commonPrefixes } from '../../src/view/tree.js'

const nothingTaken = noMarks()

const minute: Milliseconds = 60_000
/** As they are unless somebody says otherwise. */
export const limits = {
  ttl: 5_000,
  reconcile: 10 * minute,
  staleTtl: 5 * minute,
  opTimeout: 30_000,
} as const

export interface ReadWorldOptions {
  /** Most entries of a page of a listing. */
  readonly pageLimit: number
  /** How long each answer of the bucket takes; none by default. */
  readonly latency?: Milliseconds
  /** Partners that are there whatever the bucket has; those of `pairs` by default. */
  readonly configured?: readonly Partner[]
}

export class ReadWorld {
  readonly clock: PlayedClock
  readonly store: MemoryStore
  readonly fs: Filesystem
  readonly listing: Listing
  /** LISTs that were answered since the last outage or refusal ended. */
  answered = 0
  /** How often it was told that what is shown is another. */
  told = 0
  readonly #seen: SeenPartners
  readonly #latency: Milliseconds
  #outage: Outage | undefined
  #hold: Promise<void> | undefined
  #release: () => void = () => undefined
  #refuses: ((prefix: string) => boolean) | undefined
  /** Done when so many LISTs more have come, before the next one is answered. */
  #event: { after: number; readonly run: () => void } | undefined

  private constructor(
    kept: { made: PartnerSet; seen: SeenPartners; taking: Taking },
    sender: Sender,
    options: ReadWorldOptions,
  ) {
    const { made, seen, taking } = kept
    const { pageLimit, latency = 0, configured = pairs.filter((it) => it.isConfigured) } = options
    const [clock, log, root] = [new PlayedClock(), silentLogger(), 'AS2/' as Prefix]
    this.#seen = seen
    this.#latency = latency
    this.clock = clock
    this.store = new MemoryStore({ clock, pageLimit })
    this.store.intercept = ({ operation, key }) => this.#fault(operation, key)
    const pulse = new Pulse(clock)
    const store = pulse.watch(this.store)
    const { ttl, reconcile, staleTtl, opTimeout } = limits
    const listing = createListing({
      ...{ store, pulse, ttl, reconcile, staleTtl, clock, log, timers: clock },
      ...{ deadline: 2 * minute, patience: opTimeout / 8, onChange: () => (this.told += 1) },
      common: commonPrefixes('AS2/' as Prefix),
      unordered: ['AS2/send/', 'AS2/duplicate/'] as Prefix[],
    })
    const objects = createObjects({
      ...{ store, budget: 8 * 1024 * 1024, deadline: opTimeout, clock },
      lastAnswer: () => pulse.goodAt,
      onGone: (key) => listing.forget(key),
      onReplaced: (key) => listing.recheck(key),
    })
    const keep = Math.min(reconcile, staleTtl)
    const partners = new DirectoryOfPartners({ listing, root, configured, made, seen, keep, clock })
    const now = () => clock.now()
    const receipts = { receipts: noReceipts, now, overdueAfter: undefined, expects: 'seen' } as const
    const deliveries = new Deliveries({ listing, root, ...receipts })
    const views = new Views({
      ...{ listing, objects, partners, attribution: attributionByKey, deliveries, root, ttl, clock },
      since: clock.now(),
    })
    const tree = new ReadOnlyTree({ partners, views, control: new ControlFolder(new Map()) })
    const send = new SendFolder({ sender, submitted: new SubmittedFiles({ listing, sender, root }), objects })
    const figures = () => Promise.reject(new Error('nobody asks for them'))
    const fresh = makeNew({ listing, objects, taking, root, reconcile, since: clock.now(), log })
    this.listing = listing
    this.fs = new As2Filesystem({ tree, send, fresh, partners, readOnly: true, figures })
  }

  /** @param sender nothing is ever sent */
  static async make(sender: Sender, options: ReadWorldOptions): Promise<ReadWorld> {
    // A disk on which nothing can be kept: hundreds of these are made.
    const [directory, log] = [join(tmpdir(), 'as2fs-no-such-directory'), silentLogger()]
    const [made, seen] = [await PartnerSet.load(directory, log), await SeenPartners.load(directory, systemClock, log)]
    return new ReadWorld({ made, seen, taking: await nothingTaken }, sender, options)
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

  /** @param run what happens when so many LISTs more have come; undefined: nothing after all */
  atList(after: number, run: (() => void) | undefined): void {
    this.#event = run && { after, run }
  }

  async close(): Promise<void> {
    await this.heal()
    await this.#seen.close()
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
