/** What receipts say, and that one is missing, as it is found in the bucket: on a store in memory, at the times that a clock plays. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Deliveries } from '../../src/delivery/deliveries.js'
import type { BucketEvent } from '../../src/events/event.js'
import { Outcomes } from '../../src/events/outcomes.js'
import { lookBack } from '../../src/events/source.js'
import { UnreadableReceipts } from '../../src/events/unreadable.js'
import { markOf, Watch } from '../../src/events/watch.js'
import { createListing } from '../../src/listing/cached-listing.js'
import { Receipts } from '../../src/mdn/receipts.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Prefix } from '../../src/units.js'
import { accessDenied, MemoryStore, unreachable } from '../helpers/memory-store.js'
import { PlayedClock } from '../helpers/played-clock.js'
import { mdnText } from '../helpers/receipts-world.js'

const root = 'AS2/' as Prefix
const minute = 60_000
const hour = 60 * minute

class World {
  readonly clock: PlayedClock
  readonly store: MemoryStore
  readonly watch: Watch
  readonly receipts: Receipts

  private constructor(clock: PlayedClock, store: MemoryStore, receipts: Receipts, watch: Watch) {
    this.clock = clock
    this.store = store
    this.receipts = receipts
    this.watch = watch
  }

  static async make(t: Test): Promise<World> {
    const directory = await mkdtemp(join(tmpdir(), 'as2fs-outcomes-'))
    const clock = new PlayedClock(Date.UTC(2026, 10, 28, 12))
    const store = new MemoryStore({ clock })
    const shared = { store, clock, timers: clock, log: silentLogger() }
    const limits = { ttl: 0, reconcile: 10 * minute, staleTtl: 0, deadline: 10_000, patience: 60_000 }
    const listing = createListing({ ...shared, ...limits, common: [], unordered: [] })
    const now = () => clock.now()
    const receipts = await Receipts.open({
      ...{ ...shared, directory, root, listing, reads: 4, known: () => true, settleWithin: 1_000, now },
      ...{ onChange: () => undefined, lost: new AbortController().signal },
    })
    const overdueAfter = hour
    const monotonic = () => clock.monotonic()
    const deliveries = new Deliveries({ listing, receipts, root, now, monotonic, overdueAfter, expects: 'always' })
    const partners = { stations: () => Promise.resolve(['ACME']), partners: () => Promise.resolve(['GLOBEX']) }
    const eye = new Outcomes({ listing, partners, root, deliveries, receipts, overdueAfter, clock })
    const eyes = [eye, new UnreadableReceipts({ receipts, root })]
    const watch = new Watch({ eyes, every: 5_000, clock, timers: clock })
    t.teardown(async () => {
      await watch.close()
      await receipts.close()
      await rm(directory, { recursive: true })
    })
    return new World(clock, store, receipts, watch)
  }

  send(n: number): void {
    this.store.set(`AS2/files/ACME/GLOBEX/outbox/${messageOf(n)}/${n}.edi`, 'UNA')
  }

  answer(n: number, disposition = 'processed', mtime = this.clock.now()): void {
    const said = mdnText({ id: `<${messageOf(n)}.as2@mftgateway.com>`, disposition })
    this.store.set(`AS2/raw-mdn/incoming/${n}.mdn`, said, mtime)
  }

  answerOddly(n: number): void {
    this.store.set(`AS2/raw-mdn/incoming/${n}.mdn`, '<html>')
  }

  /** Looks, and tells what is new since; undefined: everybody begins anew. */
  async look(): Promise<readonly string[] | undefined> {
    const next = this.watch.recent.end
    // What going through all messages may take, of the time.
    await this.clock.advance(1_000)
    await this.clock.play(this.watch.look(), 100_000)
    return this.watch.recent.from(next)?.map(wordsOf)
  }

  /** All that is told to who begins then, so many at a time. */
  async all(at = 0, most = 100): Promise<readonly string[]> {
    const told: string[] = []
    for (let after = { at, key: '' }; ;) {
      const some = await this.watch.oldest(after, most)
      told.push(...some.map(wordsOf))
      const last = some.at(-1)
      if (!last || some.length < most) return told
      after = markOf(last)
    }
  }
}

function messageOf(n: number): string {
  return `720784109397${100 + n}`
}

function wordsOf({ event, path }: BucketEvent): string {
  return `${event} ${path.slice(path.lastIndexOf('/') + 1)}`
}

t.test('what a receipt says is told by the next look after it came, once', async (t) => {
  const world = await World.make(t)
  for (const n of [1, 2]) world.send(n)
  t.same(await world.look(), undefined, 'who is there begins with what is there')
  t.same(await world.look(), [])
  world.answer(1)
  t.same(await world.look(), ['delivered 1.edi'])
  t.same(await world.look(), [])
  world.answer(2, 'processed/error: x')
  t.same(await world.look(), ['refused 2.edi'])
  t.same(await world.all(), ['delivered 1.edi', 'refused 2.edi'])
})

t.test('that none came in time is told when it is so, though nothing has come', async (t) => {
  const world = await World.make(t)
  world.send(1)
  await world.look()
  t.same(await world.all(), [])
  await world.clock.advance(hour)
  t.same(await world.look(), ['overdue 1.edi'])
  t.same(await world.all(), ['overdue 1.edi'])
  world.answer(1)
  t.same(await world.look(), ['delivered 1.edi'])
  t.same(await world.all(), ['delivered 1.edi'], 'and it is not so any more')
})

t.test('how far all is known stands still while receipts are not read, and then everybody begins anew', async (t) => {
  const world = await World.make(t)
  world.send(1)
  await world.look()
  const { through } = world.watch
  t.equal(world.watch.missing, undefined)
  world.store.intercept = ({ operation }) => (operation === 'get' ? { before: unreachable() } : {})
  world.answer(1)
  await world.look()
  t.match(world.watch.missing, /1 receipts are not read yet/)
  await world.clock.advance(3 * lookBack)
  await world.look()
  t.equal(world.watch.through, through)
  t.same(await world.all(), [], 'and nobody knows that a receipt is missing')
  world.store.intercept = undefined
  await world.clock.advance(2 * minute)
  t.equal(await world.look(), undefined)
  t.equal(world.watch.missing, undefined)
  t.ok((world.watch.through ?? 0) > (through ?? 0))
  t.same(await world.all(), ['delivered 1.edi'])
})

t.test('of a message that comes later than its receipt that is told when both are there', async (t) => {
  const world = await World.make(t)
  world.send(1)
  world.answer(2)
  await world.look()
  await world.clock.advance(3 * lookBack)
  const before = world.clock.now()
  world.send(2)
  t.same((await world.look())?.toSorted(), ['delivered 2.edi', 'overdue 1.edi'])
  t.same(await world.all(before), ['delivered 2.edi'])
})

t.test('a warning of a duplicate is told only where nothing else is known', async (t) => {
  const world = await World.make(t)
  for (const n of [1, 2]) world.send(n)
  world.answer(1)
  await world.look()
  const said = (n: number) =>
    mdnText({ id: `<${messageOf(n)}.as2@x>`, disposition: 'processed/warning: duplicate-document' })
  for (const n of [1, 2]) world.store.set(`AS2/raw-mdn/incoming/${n}-again.mdn`, said(n))
  t.same(await world.look(), ['delivered 2.edi'])
})

t.test('one that can’t be understood is told once, and when it may be read', async (t) => {
  const world = await World.make(t)
  world.send(1)
  world.answerOddly(1)
  for (let i = 0; i < 2; i += 1) await world.look()
  world.answerOddly(2)
  t.same(await world.look(), [], 'it is being read')
  t.same(await world.look(), ['mdn-unreadable 2.mdn'])
  t.same(await world.look(), [])
  world.store.intercept = ({ operation }) => (operation === 'get' ? { before: accessDenied() } : {})
  world.answerOddly(3)
  t.same(await world.look(), [])
  await world.clock.advance(24 * hour)
  world.store.intercept = undefined
  const before = world.clock.now()
  await world.look()
  t.same(await world.look(), ['mdn-unreadable 3.mdn'])
  t.same(await world.all(before), ['mdn-unreadable 3.mdn'])
})

t.test('what might not be read is told when it may be, and to who goes on from then, whenever it came', async (t) => {
  const world = await World.make(t)
  world.send(1)
  world.answer(1)
  world.store.intercept = ({ operation }) => (operation === 'get' ? { before: accessDenied() } : {})
  await world.look()
  t.equal(world.watch.missing, undefined, 'it is not waited for')
  await world.clock.advance(24 * hour)
  await world.look()
  world.store.intercept = undefined
  await world.clock.advance(11 * minute)
  const before = world.clock.now()
  t.same(await world.look(), ['delivered 1.edi'])
  t.same(await world.look(), [])
  t.same(await world.all(before), ['delivered 1.edi'])
})

t.test('who is told all is told of what has come meanwhile, and of what is overdue by now', async (t) => {
  const world = await World.make(t)
  for (let n = 1; n <= 9; n += 1) world.send(n)
  for (let n = 1; n <= 7; n += 1) world.answer(n)
  await world.look()
  t.equal((await world.all()).length, 7)
  await world.clock.advance(minute)
  world.answer(8)
  await world.look()
  t.equal((await world.all()).length, 8)
  await world.clock.advance(hour)
  t.same((await world.all()).slice(8), [], 'its receipt may have come since the last look')
  await world.look()
  t.same((await world.all()).slice(8), ['overdue 9.edi'])
})

t.test('all that is there is told once, in the order of time, however many at a time', async (t) => {
  const world = await World.make(t)
  const expected: string[] = []
  // One more than are looked for ahead for who wants seven at a time.
  for (let n = 1; n <= 57; n += 1) {
    world.send(n)
    // Some of the same second.
    if (n % 3 !== 0) await world.clock.advance(1_000)
    world.answer(n)
    expected.push(`delivered ${n}.edi`)
  }
  await world.look()
  for (const most of [1, 2, 3, 7, 56, 57, 58]) t.same(await world.all(0, most), expected, `${most} at a time`)
})
