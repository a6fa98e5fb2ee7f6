/** A daemon of the model of deliveries: what it keeps, who is told by it, and its end, in order or not. */
import { cpSync } from 'node:fs'
import type { Deliveries } from '../../src/delivery/deliveries.js'
import { DeliveryTrail } from '../../src/delivery/delivery-trail.js'
import { Cursor } from '../../src/events/cursor.js'
import type { BucketEvent, FollowLine } from '../../src/events/event.js'
import { Follower } from '../../src/events/follower.js'
import { Outcomes } from '../../src/events/outcomes.js'
import { UnreadableReceipts } from '../../src/events/unreadable.js'
import { Watch } from '../../src/events/watch.js'
import { Receipts } from '../../src/mdn/receipts.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { limits, overdueAfter, root } from './read-tree.js'
import type { ReadWorld } from './read-world.js'

/** Nothing was sent from here. */
const emptyLog = {
  ...{ id: 'none', last: 0, dropped: 0, onNew: () => () => undefined, flushed: () => Promise.resolve() },
  reader: () => ({ seq: 0, read: nothing }),
}

async function* nothing(): AsyncGenerator<never, undefined> {
  // There is nothing.
}

/** An audit trail whose last lines a kill takes. */
export class AuditTrail {
  readonly entries: object[] = []
  #unwritten: object[] = []

  append(entry: object): void {
    this.#unwritten.push(entry)
  }

  flushed(): Promise<void> {
    this.entries.push(...this.#unwritten)
    this.#unwritten = []
    return Promise.resolve()
  }

  tail(): Promise<readonly object[]> {
    return Promise.resolve([...this.entries])
  }

  kill(): void {
    this.#unwritten = []
  }
}

interface Parts {
  readonly receipts: Receipts
  readonly deliveries: Deliveries
  readonly trail: DeliveryTrail
  readonly watch: Watch
}

export class DeliveryDaemon {
  readonly #parts: Parts
  readonly #world: ReadWorld

  private constructor(world: ReadWorld, parts: Parts) {
    this.#world = world
    this.#parts = parts
  }

  /** @param directory what it keeps */
  static async start(world: ReadWorld, directory: string, audit: AuditTrail): Promise<DeliveryDaemon> {
    const { clock, store } = world
    const own = {
      directory,
      lost: new AbortController().signal,
      log: silentLogger(),
      clock,
      timers: clock,
      root,
      store,
    }
    const known = (station: string, partner: string): boolean => world.tree.partners.isKnown(station, partner)
    const receipts = await Receipts.open({
      ...{ ...own, reads: 3, known, now: () => clock.now(), settleWithin: 1_000, onChange: () => (world.told += 1) },
      listing: {
        forget: (key) => world.listing.forget(key),
        recheck: (key) => world.listing.recheck(key),
      },
    })
    world.restart({ receipts })
    const { deliveries, partners } = world.tree
    const { listing } = world
    const mdnKey = async (row: number) => (await receipts.details(row))?.id.key
    const now = () => clock.now()
    const trail = await DeliveryTrail.open({ ...own, deliveries, audit, mdnKey, now, every: 12 * limits.ttl })
    const outcomes = new Outcomes({ listing, partners, root, deliveries, receipts, overdueAfter, clock })
    const eyes = [outcomes, new UnreadableReceipts({ receipts, root })]
    const watch = new Watch({ eyes, every: limits.ttl, clock, timers: clock })
    return new DeliveryDaemon(world, { receipts, deliveries, trail, watch })
  }

  get unreadable(): number {
    return this.#parts.receipts.counts().unreadable
  }

  /** All that happened since the cursor's place. @returns what is new of it, and where he is now */
  async follow(
    written: string | undefined,
  ): Promise<{ readonly told: readonly BucketEvent[]; readonly cursor: string }> {
    const { clock } = this.#world
    const cursor = (written === undefined ? undefined : Cursor.parse(written)) ?? new Cursor()
    const told: BucketEvent[] = []
    const write = (line: FollowLine): boolean => {
      if ('progress' in line) cursor.advance(line.progress)
      else if ('known' in line) cursor.note(line.known)
      else if (cursor.note(line.event)) told.push(line.event as BucketEvent)
      return true
    }
    const times = { now: () => clock.now(), bucketNow: () => clock.now() }
    const options = { log: emptyLog, source: this.#parts.watch, clock: times, heartbeat: 5_000, patience: 30_000 }
    const follower = new Follower(options, { write, drained: () => Promise.resolve() }, cursor.beginning(0, false))
    await clock.play(follower.run(new AbortController().signal), 600_000)
    return { told, cursor: cursor.toString() }
  }

  /** @param to a copy of what it keeps as it is at this moment, where it is killed */
  async end(directory: string, to: string | undefined): Promise<void> {
    const { receipts, trail, watch } = this.#parts
    if (to !== undefined) cpSync(directory, to, { recursive: true })
    await watch.close()
    await trail.close()
    await receipts.close()
  }
}
