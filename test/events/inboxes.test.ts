/** Arrivals as they are found in the bucket, on a store in memory; the times are the store's. */
import { basename } from 'node:path'
import t, { type Test } from 'tap'
import { Inboxes } from '../../src/events/inboxes.js'
import { lookBack } from '../../src/events/source.js'
import { markOf, Watch } from '../../src/events/watch.js'
import { createListing } from '../../src/listing/cached-listing.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Prefix } from '../../src/units.js'
import { accessDenied, keysRefused, MemoryStore, slowDown } from '../helpers/memory-store.js'
import { PlayedClock } from '../helpers/played-clock.js'

const minute = 60_000

class World {
  readonly clock = new PlayedClock(Date.UTC(2026, 10, 28, 12))
  readonly store = new MemoryStore({ clock: this.clock })
  readonly inboxes: Watch
  /** Who is known, where the keys may not list them all. */
  partners = ['GLOBEX', 'HOOLI']

  constructor(t: Test, { ttl = 0, reconcile = 10 * minute } = {}) {
    const { store, clock } = this
    const limits = { ttl, reconcile, staleTtl: 0, deadline: 10_000, patience: 60_000 }
    const listing = createListing({
      ...limits,
      store,
      common: [],
      unordered: [],
      clock,
      timers: clock,
      log: silentLogger(),
    })
    const eye = new Inboxes({
      ...{ listing, root: 'AS2/' as Prefix },
      partners: {
        stations: () => Promise.resolve(['ACME']),
        partners: () => Promise.resolve(this.partners),
      },
    })
    this.inboxes = new Watch({ eyes: [eye], every: 5_000, clock })
    t.teardown(() => this.inboxes.close())
  }

  put(path: string, text = 'ISA*', partner = 'GLOBEX', mtime = this.clock.now()): void {
    this.store.set(`AS2/files/ACME/${partner}/inbox/${path}`, text, mtime)
  }

  /** Looks, and tells what is new since. */
  async look(): Promise<string[]> {
    const next = this.inboxes.recent.end
    await this.clock.play(this.inboxes.look(), 100_000)
    return (this.inboxes.recent.from(next) ?? []).map(({ path }) => path)
  }
}

t.test('what comes in after a look is found by the next, once, with its path in the mount', async (t) => {
  const world = new World(t)
  world.put('1/old.edi')
  world.put('1/old.edi', 'UNA', 'HOOLI')
  await world.look()
  world.put('2/new.edi')
  world.put('2/odd\n/100%.edi', 'UNA', 'HOOLI')
  t.same((await world.look()).sort(), ['/ACME/GLOBEX/inbox/2/new.edi', '/ACME/HOOLI/inbox/2/odd%0A/100%.edi'])
  t.same(await world.look(), [])
})

t.test('a name that is used again is found again, with the same content, too', async (t) => {
  const world = new World(t)
  world.put('order.edi')
  await world.look()
  for (const text of ['UNA', 'UNA']) {
    await world.clock.advance(minute)
    world.put('order.edi', text)
    t.same(await world.look(), ['/ACME/GLOBEX/inbox/order.edi'])
  }
})

t.test('a name that is used again within the same second is found again, with another content', async (t) => {
  const world = new World(t)
  world.put('order.edi')
  await world.look()
  world.put('order.edi', 'UNA')
  t.same(await world.look(), ['/ACME/GLOBEX/inbox/order.edi'])
})

t.test('an object that shares its name with a folder has the path of the object', async (t) => {
  const world = new World(t)
  world.put('a')
  await world.look()
  world.put('b')
  world.put('b/c')
  t.same((await world.look()).sort(), ['/ACME/GLOBEX/inbox/b%2F', '/ACME/GLOBEX/inbox/b/c'])
})

t.test('what was begun to be put long before it can be seen is found all the same', async (t) => {
  const world = new World(t)
  world.put('5/old.edi')
  await world.look()
  await world.clock.advance(minute)
  world.put('2/slow.edi', 'UNA', 'GLOBEX', world.clock.now() - 3 * lookBack)
  t.same(await world.look(), ['/ACME/GLOBEX/inbox/2/slow.edi'])
})

t.test('an inbox that is seen for the first time makes everybody begin anew, an empty one does not', async (t) => {
  const world = new World(t)
  world.put('1/old.edi')
  await world.look()
  const next = world.inboxes.recent.end
  world.store.set('AS2/files/ACME/INITECH/outbox/1/sent.edi', 'UNA')
  await world.look()
  t.same(world.inboxes.recent.from(next), [])
  world.put('1/first.edi', 'UNA', 'INITECH')
  t.same(await world.look(), ['/ACME/INITECH/inbox/1/first.edi'])
  world.put('1/first.edi', 'UNA', 'SOYLENT')
  await world.look()
  t.equal(world.inboxes.recent.from(next), undefined)
  const first = { at: world.clock.now() - lookBack, key: '' }
  t.equal((await world.inboxes.oldest(first, 100)).filter((it) => it.path.endsWith('/first.edi')).length, 2)
})

t.test('all that is there is told in the order of time, some at a time', async (t) => {
  const world = new World(t)
  const expected: string[] = []
  for (let i = 0; i < 50; i += 1) {
    // Two of the same second, keys in the opposite order of time.
    if (i % 2 === 0) await world.clock.advance(1_000)
    const partner = i % 3 === 0 ? 'HOOLI' : 'GLOBEX'
    world.put(`${100 - i}/${String(i)}.edi`, 'ISA*', partner)
    expected.push(`${i}.edi`)
  }
  await world.look()
  const told: string[] = []
  let after = { at: world.clock.now() - 20_000, key: '' }
  for (;;) {
    const some = await world.inboxes.oldest(after, 7)
    const last = some.at(-1)
    if (!last) break
    told.push(...some.map((it) => basename(it.path)))
    after = markOf(last)
  }
  const wanted = expected.slice(-2 * 21)
  t.same([...told].sort(), [...wanted].sort())
  const pairs = (all: readonly string[]) => all.map((name) => Math.floor(parseInt(name) / 2))
  t.same(pairs(told), pairs(wanted))
})

t.test('how far all is known follows the bucket, and stands still while an inbox can not be listed', async (t) => {
  const world = new World(t)
  t.equal(world.inboxes.through, undefined)
  t.ok(world.inboxes.missing)
  world.put('1/old.edi')
  world.put('1/old.edi', 'UNA', 'HOOLI')
  await world.look()
  const { through } = world.inboxes
  t.ok(through !== undefined && through <= world.clock.now())
  t.equal(world.inboxes.missing, undefined)
  await world.clock.advance(minute)
  world.store.intercept = ({ key }) => (key.includes('HOOLI') ? { before: slowDown() } : {})
  world.put('2/new.edi')
  t.same(await world.look(), ['/ACME/GLOBEX/inbox/2/new.edi'], 'the others go on')
  t.equal(world.inboxes.through, through)
  t.match(world.inboxes.missing, /\S/)
  world.put('2/missed.edi', 'UNA', 'HOOLI')
  await world.clock.advance(3 * lookBack)
  world.store.intercept = undefined
  t.same(await world.look(), ['/ACME/HOOLI/inbox/2/missed.edi'])
  t.ok((world.inboxes.through ?? 0) > (through ?? 0))
  t.equal(world.inboxes.missing, undefined)
})

t.test('one inbox that can not be listed keeps none of many from being looked at', async (t) => {
  const world = new World(t)
  const partners = Array.from({ length: 30 }, (_, n) => `P${n}`)
  for (const it of partners) world.put('1/old.edi', 'UNA', it)
  await world.look()
  for (const it of partners) world.put('2/new.edi', 'UNA', it)
  world.store.intercept = ({ key }) => (key.includes('P29/') ? { before: slowDown() } : {})
  t.equal((await world.look()).length, 29)
})

t.test('what came in an outage of hours is found after it, though not all is listed anew', async (t) => {
  const world = new World(t, { reconcile: 1_000 * lookBack })
  world.put('1/old.edi')
  await world.look()
  world.store.intercept = () => ({ before: slowDown() })
  await world.clock.advance(minute)
  world.put('2/missed.edi')
  await world.clock.advance(3 * lookBack)
  await world.look()
  world.store.intercept = undefined
  await world.clock.advance(minute)
  t.same(await world.look(), ['/ACME/GLOBEX/inbox/2/missed.edi'])
})

t.test('all is known only up to when the listings were begun', async (t) => {
  const world = new World(t, { ttl: 10 * minute })
  world.put('1/old.edi')
  await world.look()
  const listedAt = world.clock.now()
  await world.clock.advance(minute)
  await world.look()
  t.ok((world.inboxes.through ?? 0) <= listedAt, 'what has come since then is not in them')
})

t.test('keys that are refused are no lack of rights: nothing of their time is taken for seen', async (t) => {
  const world = new World(t)
  world.put('1/old.edi')
  await world.look()
  const { through } = world.inboxes
  world.store.intercept = () => ({ before: keysRefused() })
  await world.clock.advance(3 * lookBack)
  t.same(await world.look(), [])
  t.equal(world.inboxes.through, through)
  t.match(world.inboxes.missing, /\S/)
})

t.test('where the keys may not list who there is, those who are known are looked at', async (t) => {
  const world = new World(t)
  world.store.intercept = ({ key }) => (/files\/(?:ACME\/)?$/.test(key) ? { before: accessDenied() } : {})
  world.put('1/old.edi')
  await world.look()
  world.put('2/new.edi')
  t.same(await world.look(), ['/ACME/GLOBEX/inbox/2/new.edi'])
})

t.test('an inbox that the keys may not list is not waited for', async (t) => {
  const world = new World(t)
  world.put('1/old.edi', 'UNA', 'HOOLI')
  world.store.intercept = ({ key }) => (key.includes('HOOLI') ? { before: accessDenied() } : {})
  await world.look()
  t.not(world.inboxes.through, undefined)
  t.equal(world.inboxes.missing, undefined)
})

t.test('when nobody is there any more all is forgotten, and a second one keeps it', async (t) => {
  const world = new World(t)
  world.put('1/old.edi')
  const [one, other] = [world.inboxes.keep(), world.inboxes.keep()]
  await world.look()
  one()
  one()
  const first = { at: 0, key: '' }
  t.equal((await world.inboxes.oldest(first, 9)).length, 1)
  other()
  t.same(await world.inboxes.oldest(first, 9), [])
  t.equal(world.inboxes.through, undefined)
})
