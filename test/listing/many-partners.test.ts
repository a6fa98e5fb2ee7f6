/** What looks at many partners cost in LISTs, and that nothing is missed, whatever may be listed and however it changes meanwhile. */
import t, { type Test } from 'tap'
import { FsError } from '../../src/errors.js'
import { createListing } from '../../src/listing/cached-listing.js'
import type { Listing } from '../../src/listing/listing.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Key, Milliseconds, Name, Prefix } from '../../src/units.js'
import { commonPrefixes, unorderedPrefixes } from '../../src/view/tree.js'
import { accessDenied, keysRefused, MemoryStore, unreachable } from '../helpers/memory-store.js'
import { idle, PlayedClock } from '../helpers/played-clock.js'

const root = 'AS2/' as Prefix
const ttl: Milliseconds = 5_000

class World {
  readonly clock = new PlayedClock()
  readonly store = new MemoryStore({ clock: this.clock })
  changes = 0
  readonly listing: Listing = createListing({
    ...{ store: this.store, common: commonPrefixes(root), unordered: unorderedPrefixes(root) },
    ...{ ttl, reconcile: 600_000, staleTtl: 300_000, deadline: 60_000, patience: 4_000 },
    ...{ clock: this.clock, timers: this.clock, log: silentLogger() },
    onChange: () => (this.changes += 1),
  })

  inbox(partner: number, station = 'ACME'): Prefix {
    return `${root}files/${station}/P${String(partner).padStart(4, '0')}/inbox/` as Prefix
  }

  /** Messages are named after the minute in which they came. */
  put(partner: number, message: number, station = 'ACME'): Key {
    const key = `${this.inbox(partner, station)}${720_784_109_390_000 + message}/order.edi`
    this.store.set(key, 'x', this.clock.now() - (10_000 - message) * 60_000)
    return key as Key
  }

  fill(partners: number, each: number, station = 'ACME'): this {
    for (let n = 0; n < partners; n += 1) for (let i = 0; i < each; i += 1) this.put(n, i, station)
    return this
  }

  get lists(): number {
    return this.store.count('list')
  }

  /** What one sees who looks into a view; the code of the error else. */
  async look(prefix: Prefix): Promise<readonly string[] | string> {
    const look = this.listing.tree(prefix, this.clock.timeout(30_000))
    await this.clock.play(look, 60_000)
    return look.then(
      (tree) => [...tree.objects()].map((it) => it.key),
      (error: unknown) => (error instanceof FsError ? error.code : String(error)),
    )
  }

  /**
   * Looks into all inboxes, one after the other.
   * @param step the time between two looks
   * @returns how many LISTs that took
   */
  async lookAtAll(t: Test, partners: readonly number[], station = 'ACME', step: Milliseconds = 0): Promise<number> {
    const before = this.lists
    const there = new Map<string, string[]>()
    for (const key of this.store.keys()) {
      const prefix = key.split('/').slice(0, 5).join('/') + '/'
      there.set(prefix, [...(there.get(prefix) ?? []), key])
    }
    for (const partner of partners) {
      const prefix = this.inbox(partner, station)
      const seen = await this.look(prefix)
      if (JSON.stringify(seen) !== JSON.stringify(there.get(prefix) ?? []))
        t.same(seen, there.get(prefix) ?? [], prefix)
      if (step > 0) await this.clock.advance(step)
    }
    await idle()
    return this.lists - before
  }

  /** So long that all is listed anew. */
  async later(): Promise<void> {
    await this.clock.advance(ttl + 1)
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

t.test('who looks at all partners pays for pages of keys', async (t) => {
  const world = new World().fill(300, 5)
  t.ok((await world.lookAtAll(t, upTo(300))) <= 4, 'two, and those of the first partners')
  await world.later()
  for (let n = 0; n < 20; n += 1) world.put(15 * n, 100 + n)
  t.ok((await world.lookAtAll(t, upTo(300))) <= 2, 'once more: pages alone')
  t.equal(await world.lookAtAll(t, upTo(300)), 0, 'within the ttl')
})

t.test('who comes up with what is listed ahead of him waits for it, however far the bucket is', async (t) => {
  for (const [delay, step] of [
    [25, 0.3],
    [25, 1.2],
    [100, 0.5],
  ] as const) {
    const world = new World().fill(300, 100)
    world.store.intercept = () => ({ hold: world.clock.pause(delay, new AbortController().signal) })
    for (const round of ['cold', 'after the ttl']) {
      const lists = await world.lookAtAll(t, upTo(300), 'ACME', step)
      t.ok(lists <= 31, `${round}, ${delay} ms away, a look each ${step} ms: ${lists} LISTs for 30 pages`)
      await world.later()
    }
  }
})

t.test('who goes through them in another order pays little more', async (t) => {
  const world = new World().fill(300, 5)
  const order = upTo(300).map((n) => (n * 71) % 300)
  t.ok((await world.lookAtAll(t, order)) <= 12)
})

t.test('who looks at one partner, or goes no further than two, asks for no more than that', async (t) => {
  const world = new World().fill(300, 50)
  t.equal(await world.lookAtAll(t, [7]), 1)
  t.equal(world.store.calls[0]?.key, world.inbox(7))
  t.equal(await world.lookAtAll(t, [8]), 1)
  await world.later()
  t.equal(await world.lookAtAll(t, [7]), 1)
  await world.later()
  t.equal(await world.lookAtAll(t, [7]), 1)
  t.equal(world.store.calls.at(-1)?.key, world.inbox(7), 'polling one asks for that one')
})

t.test('who stops has cost no more than he went', async (t) => {
  const world = new World().fill(1_000, 100)
  const lists = await world.lookAtAll(t, upTo(5))
  t.ok(lists <= 3 + 2 + 4 + 8, `${lists} LISTs`)
})

t.test('who polls a few of many partners pays for those alone, once that is known', async (t) => {
  for (const few of [
    [10, 11, 12, 13, 14],
    [100, 300, 500, 700, 900],
  ]) {
    const world = new World().fill(1_000, 50)
    const lists = await polls(t, world, 10, () => few)
    t.ok(lists <= 10 * few.length + 12, `${few.join(' ')}: ${lists} LISTs`)
    await world.later()
    const more = await world.lookAtAll(t, few)
    t.ok(more <= few.length, `one more time: ${more} LISTs`)
  }
})

t.test('who looks at a few others each time pays for them, and once for what was listed ahead in vain', async (t) => {
  const world = new World().fill(1_000, 50)
  const lists = await polls(t, world, 10, (round) => upTo(10).map((n) => 200 + ((n * 7_919 + round * 31) % 700)))
  t.ok(lists <= 100 + 12, `${lists} LISTs for 100 looks`)
})

/** @returns how many LISTs they took */
async function polls(t: Test, world: World, rounds: number, of: (round: number) => readonly number[]): Promise<number> {
  let lists = 0
  for (let round = 0; round < rounds; round += 1) {
    lists += await world.lookAtAll(t, of(round))
    await world.later()
  }
  return lists
}

t.test('a view with pages of its own is listed by itself, from where its new keys are', async (t) => {
  const world = new World().fill(10, 10)
  for (let i = 10; i < 5_000; i += 1) world.put(4, i)
  await world.lookAtAll(t, upTo(10))
  await world.later()
  world.put(4, 6_000)
  world.put(9, 20)
  const lists = await world.lookAtAll(t, upTo(10))
  t.ok(lists <= 4, `${lists} LISTs`)
})

t.test('outboxes that nobody looks at are gone past', async (t) => {
  const world = new World().fill(50, 3)
  for (let n = 0; n < 50; n += 1) {
    for (let i = 0; i < 700; i += 1)
      world.store.set(`${world.inbox(n).replace('/inbox/', '/outbox/')}${i}/sent.edi`, 'x')
  }
  const lists = await world.lookAtAll(t, upTo(50))
  t.ok(lists <= 50, `${lists} LISTs: never more than one for each`)
})

t.test('empty views cost nothing of their own', async (t) => {
  const world = new World().fill(200, 5)
  const all = upTo(400).filter((n) => n % 3 > 0)
  t.ok((await world.lookAtAll(t, all)) <= 5)
})

t.test('where the folders above a view were listed, and it is not in them, it is empty without a LIST', async (t) => {
  const world = new World().fill(3, 1)
  await world.clock.play(world.listing.folders(`${root}headers/ACME/` as Prefix, world.clock.timeout(9_000)), 9_000)
  const before = world.lists
  t.same(await world.look(`${root}headers/ACME/P0001/inbox/` as Prefix), [])
  t.equal(world.lists, before)
  world.store.set(`${root}headers/ACME/P0001/inbox/1`, 'x')
  await world.later()
  t.same(await world.look(`${root}headers/ACME/P0001/inbox/` as Prefix), [`${root}headers/ACME/P0001/inbox/1`])
})

t.test('a walk through the partners of several stations', async (t) => {
  const world = new World().fill(40, 5, 'ACME').fill(40, 5, 'WAYNE')
  const first = await world.lookAtAll(t, upTo(40), 'ACME')
  const second = await world.lookAtAll(t, upTo(40), 'WAYNE')
  t.ok(first + second <= 5, `${first} and ${second} LISTs`)
})

t.test('where only stations may be listed, those are; where only views may, each by itself', async (t) => {
  const world = new World().fill(100, 5, 'ACME').fill(100, 5, 'WAYNE')
  const denied = (key: string): boolean => key === `${root}files/` || key === `${root}files/WAYNE/`
  world.store.intercept = ({ operation, key }) =>
    operation === 'list' && denied(key) ? { before: accessDenied() } : undefined
  t.ok((await world.lookAtAll(t, upTo(100), 'ACME')) <= 5, 'by pages of the station')
  const lists = await world.lookAtAll(t, upTo(100), 'WAYNE')
  t.ok(lists >= 100 && lists <= 102, `${lists} LISTs: each of its own, and two that were refused`)
})

t.test('a view that may not be listed is refused, and takes nothing else down', async (t) => {
  const world = new World().fill(20, 5)
  const refused = [`${root}files/`, `${root}files/ACME/`, world.inbox(7)] as readonly string[]
  world.store.intercept = ({ key }) => (refused.includes(key) ? { before: accessDenied() } : undefined)
  t.equal(await world.look(world.inbox(7)), 'EACCES')
  t.ok(await world.lookAtAll(t, upTo(7)))
  t.equal(await world.look(world.inbox(7)), 'EACCES')
})

t.test('keys that are refused for a while say nothing of what others may list', async (t) => {
  const world = new World().fill(300, 5)
  await world.lookAtAll(t, upTo(10))
  await world.clock.advance(300_001)
  world.store.intercept = () => ({ before: keysRefused() })
  const before = world.lists
  for (const partner of upTo(5)) t.equal(await world.look(world.inbox(partner)), 'EACCES')
  t.ok(world.lists - before <= 5, `${world.lists - before} LISTs: one each, and not one more of its own`)
  world.store.intercept = undefined
  await world.later()
  t.ok((await world.lookAtAll(t, upTo(300))) <= 4, 'by pages, as before')
})

t.test('in an outage what was found with others goes on being shown, and nothing is taken for empty', async (t) => {
  const world = new World().fill(100, 5)
  await world.lookAtAll(t, upTo(100))
  await world.later()
  world.store.intercept = () => ({ before: unreachable() })
  await world.lookAtAll(t, upTo(100))
  await world.clock.advance(300_000)
  t.equal(await world.look(world.inbox(50)), 'EIO', 'for as long as that may be')
  world.store.intercept = undefined
  await world.clock.advance(ttl)
  await world.lookAtAll(t, upTo(100))
})

t.test('what was shown of a view is shown in an outage after a walk has found it to have grown', async (t) => {
  const world = new World().fill(13, 1)
  await world.lookAtAll(t, upTo(13))
  await world.later()
  for (let i = 1; i < 2_100; i += 1) world.put(4, i)
  await world.look(world.inbox(0))
  await world.look(world.inbox(1))
  world.store.intercept = () => ({ before: unreachable() })
  // And what of the rest was listed on the way.
  const [first] = await world.look(world.inbox(4))
  t.equal(first, `${world.inbox(4)}720784109390000/order.edi`)
})

t.test(
  'an outage in the middle of a walk is an error for those who come to it, and over when it is over',
  async (t) => {
    const world = new World().fill(3_000, 20)
    await world.lookAtAll(t, upTo(6))
    world.store.intercept = () => ({ before: unreachable() })
    t.equal(await world.look(world.inbox(2_990)), 'EIO')
    world.store.intercept = undefined
    await world.clock.advance(ttl)
    await world.lookAtAll(t, upTo(3_000))
  },
)

t.test('what a GET did not find is gone at once, and no LIST that was begun before brings it back', async (t) => {
  const world = new World().fill(30, 5)
  await world.lookAtAll(t, upTo(30))
  const gone = world.put(12, 2)
  world.store.delete(gone)
  world.listing.forget(gone)
  const seen = await world.look(world.inbox(12))
  t.notOk(seen.includes(gone))
  t.equal(seen.length, 4)
})

t.test('an object that was replaced is shown as it is as soon as somebody has noticed', async (t) => {
  const world = new World().fill(30, 5)
  await world.lookAtAll(t, upTo(30))
  const key = world.put(12, 2)
  world.store.set(key, 'longer')
  world.listing.recheck(key)
  await idle()
  const tree = await world.listing.tree(world.inbox(12), world.clock.timeout(1_000))
  t.match(tree.lookup(['720784109390002' as Name, 'order.edi' as Name]), { size: 6 })
})

t.test('it is told when something that was shown is another, and only then', async (t) => {
  const world = new World().fill(100, 5)
  await world.lookAtAll(t, upTo(100))
  world.changes = 0
  await world.later()
  await world.lookAtAll(t, upTo(100))
  t.equal(world.changes, 0)
  await world.later()
  world.put(50, 77)
  await world.lookAtAll(t, upTo(100))
  t.ok(world.changes > 0)
})

t.test('whether a partner has failed/ is known by the walk that passes it', async (t) => {
  const world = new World().fill(100, 5)
  world.store.set(`${root}files/ACME/P0042/failed/1/order.edi`, 'x')
  const before = world.lists
  for (const n of upTo(100)) {
    const folders = world.listing.folders(
      `${root}files/ACME/P${String(n).padStart(4, '0')}/` as Prefix,
      world.clock.timeout(9_000),
    )
    await world.clock.play(folders, 9_000)
    t.same(await folders, n === 42 ? ['failed', 'inbox'] : ['inbox'])
  }
  t.ok(world.lists - before <= 4, `${world.lists - before} LISTs`)
})

t.test('an object that is called as its view is makes the view, and is not in it', async (t) => {
  const world = new World().fill(20, 2)
  world.store.set(`${root}files/ACME/P0007/failed/`, '')
  await world.lookAtAll(t, upTo(20))
  const partner = `${root}files/ACME/P0007/` as Prefix
  const folders = await world.listing.folders(partner, world.clock.timeout(9_000))
  t.same(folders, ['failed', 'inbox'])
  world.store.set(world.inbox(8), 'not empty')
  await world.later()
  await world.look(world.inbox(6))
  await world.look(world.inbox(7))
  t.equal((await world.look(world.inbox(8))).length, 2)
})

t.test('status has one row for what is listed together', async (t) => {
  const world = new World().fill(300, 5)
  await world.lookAtAll(t, upTo(300))
  const rows = world.listing.status()
  t.ok(rows.length <= 5, `${rows.length} rows`)
  t.match(
    rows.find((it) => it.prefix === `${root}files/`),
    { prefix: `${root}files/`, listedAt: Number, error: undefined },
  )
})
