/** What a view costs in LISTs, and what is seen when. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createListing } from '../../src/listing/cached-listing.js'
import type { Listing } from '../../src/listing/listing.js'
import { StoreError } from '../../src/s3/store-error.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { systemTimers, type Clock } from '../../src/telemetry/clock.js'
import type { Key, Name, Prefix } from '../../src/units.js'
import { inbox } from '../helpers/listed.js'
import { MemoryStore, unreachable } from '../helpers/memory-store.js'
import { until } from '../helpers/until.js'
import { clockOf } from '../helpers/clock-of.js'

const minute = 60_000
const outage = new StoreError('EIO', 'transient', 'SlowDown', 'The bucket is busy.', {})

class World {
  now = Date.UTC(2026, 2, 2)
  /** By how much the machine's time of day was set wrong. */
  step = 0
  readonly clock: Clock = { now: () => this.now + this.step, monotonic: () => this.now }
  readonly store = new MemoryStore({ clock: clockOf(() => this.now) })
  readonly listing: Listing
  #arrived = 0

  /** @param patience how long a look waits while there is something to show */
  constructor(patience = minute) {
    this.listing = createListing({
      ...{
        store: this.store,
        ttl: 5_000,
        reconcile: 10 * minute,
        staleTtl: 5 * minute,
        deadline: minute,
        patience,
      },
      ...{ common: [], unordered: [], clock: this.clock, log: silentLogger() },
    })
  }

  /** Of a caller with patience. */
  get signal(): AbortSignal {
    return new AbortController().signal
  }
  /** A message a minute, long ago. */
  fill(count: number): void {
    for (let i = 0; i < count; i += 1) this.store.set(this.key(i), 'x', this.now - (count - i) * minute)
    this.#arrived = count
  }
  key(n: number, name = 'order.edi'): Key {
    return `${inbox}${720_784_109_390_000 + n}/${name}` as Key
  }
  arrive(n = this.#arrived++): Key {
    this.store.set(this.key(n), 'x')
    return this.key(n)
  }
  later(ms: number): void {
    this.now += ms
  }
  /** Looks at all. @returns keys, and how many LISTs that took */
  async look(): Promise<{ keys: Set<Key>; lists: number }> {
    const before = this.store.count('list')
    const tree = await this.listing.tree(inbox, this.signal)
    return { keys: new Set([...tree.objects()].map((it) => it.key)), lists: this.store.count('list') - before }
  }
  get lists(): number {
    return this.store.count('list')
  }
  note(): string | undefined {
    return this.listing.status()[0]?.note
  }
  /** Waits for the comparison that a look began. */
  async reconciled(): Promise<void> {
    await until('the comparison', () => this.listing.status()[0]?.completeAt === this.now)
  }
}

async function listed(count: number, patience = minute): Promise<World> {
  const world = new World(patience)
  world.fill(count)
  await world.look()
  return world
}

t.test('a poll of a large view is one LIST, whatever it holds', async (t) => {
  const world = await listed(5_000)
  t.ok(world.lists <= 6, `${world.lists} LISTs`)
  world.later(5_001)
  const key = world.arrive()
  const { keys, lists } = await world.look()
  t.equal(lists, 1)
  t.ok(keys.has(key))
  t.equal(keys.size, 5_001)
  t.equal((await world.look()).lists, 0, 'within the ttl')
})

t.test('a small view is listed in full, so what was deleted is gone at once', async (t) => {
  const world = await listed(500)
  world.store.delete(world.key(3))
  world.later(5_001)
  const { keys, lists } = await world.look()
  t.equal(lists, 1)
  t.equal(keys.size, 499)
})

t.test('what comes late by less than the look-back is seen by the next poll', async (t) => {
  const world = await listed(3_000)
  world.store.set(world.key(2_990, 'late.edi'), 'x')
  world.later(5_001)
  const { keys, lists } = await world.look()
  t.equal(lists, 1)
  t.ok(keys.has(world.key(2_990, 'late.edi')))
})

t.test('a recent object that was replaced or deleted is seen by the next poll', async (t) => {
  const world = await listed(3_000)
  world.store.set(world.key(2_999), 'longer')
  world.store.delete(world.key(2_998))
  world.later(5_001)
  const tree = await world.listing.tree(inbox, world.signal)
  t.match(tree.lookup([`720784109392999` as Name, 'order.edi' as Name]), { size: 6 })
  t.equal(tree.size, 2_999)
})

t.test('a comparison from time to time finds what was deleted, and readers do not wait for it', async (t) => {
  const world = await listed(3_000)
  world.store.delete(world.key(7))
  world.later(10 * minute)
  const { keys, lists } = await world.look()
  t.equal(keys.size, 3_000, 'the old one while the comparison runs')
  t.ok(lists <= 2, 'one LIST, and the first of the comparison')
  await world.reconciled()
  t.equal((await world.look()).keys.size, 2_999)
  t.equal(world.note(), undefined, 'deletions are no disorder')
})

t.test('the comparison does not undo what polls found while it was under way', async (t) => {
  const world = await listed(3_000)
  world.store.delete(world.key(7))
  world.later(10 * minute)
  let go: () => void = () => undefined
  const hold = new Promise<void>((resolve) => (go = resolve))
  let pages = 0
  // The comparison's last page is read, but its answer is late.
  world.store.intercept = () => ((pages += 1) === 4 ? { hold } : undefined)
  await world.look()
  await until('the last page', () => pages === 4)
  world.store.intercept = undefined
  world.later(5_001)
  const key = world.arrive()
  t.ok((await world.look()).keys.has(key))
  world.store.delete(key)
  world.listing.forget(key)
  go()
  await until('the comparison', () => world.listing.status()[0]?.objects === 2_999)
  t.notOk((await world.look()).keys.has(key), 'what a GET did not find stays away')
})

t.test('what a GET did not find is not brought back by a comparison that had it on a page before', async (t) => {
  const world = await listed(3_000)
  world.later(10 * minute)
  let go: () => void = () => undefined
  const hold = new Promise<void>((resolve) => (go = resolve))
  let pages = 0
  world.store.intercept = () => ((pages += 1) === 4 ? { hold } : undefined)
  await world.look()
  await until('the last page', () => pages === 4)
  world.store.delete(world.key(5))
  world.listing.forget(world.key(5))
  go()
  await world.reconciled()
  t.equal((await world.look()).keys.has(world.key(5)), false)
})

t.test('in a view whose keys come out of order, too, a path by name is as new as the ttl asks for', async (t) => {
  const world = await listed(3_000)
  world.store.set(`${inbox}0000-late.edi`, 'x')
  world.later(10 * minute)
  await world.look()
  await world.reconciled()
  t.match(world.note(), /out of order/)
  world.later(5_001)
  world.store.set(`${inbox}0001-late.edi`, 'x')
  const kind = async (name: string) => {
    const names = [name] as Name[]
    return (await world.listing.near(inbox, names, 'entry', world.signal)).lookup(names)?.kind
  }
  t.equal(await kind('0001-late.edi'), 'file')
  t.equal(await kind('0002-late.edi'), undefined)
  world.later(5_001)
  world.store.intercept = () => ({ before: unreachable() })
  t.equal(await kind('0003-late.edi'), undefined, 'in an outage, by what is known')
})

t.test('a path by name is answered by what is known of its view while the bucket does not answer at all', async (t) => {
  const world = await listed(3_000, 20)
  world.store.set(`${inbox}0000-late.edi`, 'x')
  world.later(10 * minute)
  await world.look()
  await world.reconciled()
  world.later(5_001)
  world.store.intercept = () => ({ hold: new Promise(() => undefined) })
  // The limits of what waits keep no process alive.
  const alive = setInterval(() => undefined, minute)
  t.teardown(() => {
    clearInterval(alive)
  })
  for (const [name, kind] of [
    ['0000-late.edi', 'file'],
    ['0001-late.edi', undefined],
  ] as const) {
    const names = [name] as Name[]
    // As a system call: it is no answer that comes when its time is over.
    const signal = systemTimers.timeout(10_000)
    const tree = await world.listing.near(inbox, names, 'entry', signal)
    t.equal(tree.lookup(names)?.kind, kind)
    t.notOk(signal.aborted, 'in time')
  }
})

t.test('a view whose keys come out of order is listed in full, says so, and finds its way back', async (t) => {
  const world = await listed(12_000)
  const late = `${inbox}0000-late.edi` as Key
  world.store.set(late, 'x')
  world.later(5_001)
  t.notOk((await world.look()).keys.has(late), 'before the look-back point')
  world.later(10 * minute)
  await world.look()
  await world.reconciled()
  t.ok((await world.look()).keys.has(late))
  t.match(world.note(), /out of order/)

  const later = `${inbox}0001-late.edi` as Key
  world.store.set(later, 'x')
  world.later(5_001)
  t.ok((await world.look()).keys.has(later), 'now it is seen by the next poll')

  for (let refresh = 0; refresh < 3; refresh += 1) {
    t.match(world.note(), /out of order/)
    world.arrive()
    world.later(minute)
    t.ok((await world.look()).lists > 1)
  }
  t.equal(world.note(), undefined)
  world.later(5_001)
  t.equal((await world.look()).lists, 1)
})

t.test('a view that stays quiet is ordered again after a while', async (t) => {
  const world = await listed(3_000)
  world.store.set(`${inbox}0000-late.edi`, 'x')
  world.later(10 * minute)
  await world.look()
  await world.reconciled()
  t.match(world.note(), /out of order/)
  world.later(10 * minute)
  await world.look()
  t.equal(world.note(), undefined)
})

t.test('where users give the names, everything is listed each time', async (t) => {
  const world = new World()
  const listing = createListing({
    ...{ store: world.store, ttl: 5_000, reconcile: 10 * minute, staleTtl: minute, deadline: minute, patience: minute },
    ...{ common: [], unordered: [inbox], clock: world.clock, log: silentLogger() },
  })
  world.fill(2_500)
  await listing.tree(inbox, world.signal)
  world.later(60 * minute)
  world.store.set(`${inbox}0000`, 'x')
  t.ok((await listing.tree(inbox, world.signal)).has(`${inbox}0000` as Key))
  t.equal(listing.status()[0]?.note, undefined, 'that is no news')
})

t.test('a bucket that was copied, all times alike, costs no more', async (t) => {
  const world = new World()
  for (let i = 0; i < 12_000; i += 1) world.store.set(world.key(i), 'x', world.now)
  await world.look()
  world.later(5_001)
  const key = world.arrive(12_000)
  const { keys, lists } = await world.look()
  t.equal(lists, 1)
  t.ok(keys.has(key))
})

t.test('nobody looks, nothing is asked', async (t) => {
  const world = await listed(3_000)
  const before = world.lists
  world.later(60 * minute)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(world.lists, before)
})

t.test('one refresh serves all who wait for it', async (t) => {
  const world = await listed(3_000)
  world.later(5_001)
  const before = world.lists
  await Promise.all(Array.from({ length: 50 }, () => world.look()))
  t.equal(world.lists - before, 1)
})

t.test('in an outage what is known is shown, but not for ever', async (t) => {
  const world = await listed(3_000)
  world.later(minute)
  world.store.intercept = () => ({ before: outage })
  t.equal((await world.look()).keys.size, 3_000)
  world.later(5 * minute)
  await t.rejects(world.look(), { code: 'EIO' })
  world.store.intercept = undefined
  world.later(1_001)
  t.equal((await world.look()).keys.size, 3_000)
})

t.test('this machine’s time of day may step by hours either way: nothing goes by it', async (t) => {
  for (const step of [-2 * 60 * minute, 2 * 60 * minute]) {
    const world = await listed(3_000)
    world.step = step
    const key = world.arrive()
    t.notOk((await world.look()).keys.has(key), 'fresh for as long as ever')
    world.later(5_001)
    t.ok((await world.look()).keys.has(key), 'and not for longer')
    world.store.intercept = () => ({ before: outage })
    world.step = -step
    world.later(minute)
    t.equal((await world.look()).keys.size, 3_001, 'no older than it is')
    const { listedAt = 0 } = world.listing.status()[0] ?? {}
    t.equal(listedAt, world.now - minute - step, 'told in the time of day that it is now')
    world.later(5 * minute)
    await t.rejects(world.look(), { code: 'EIO' }, 'and no younger')
  }
})

t.test('a failure is everybody’s for a while, as long as the bucket answers nobody', async (t) => {
  const world = await listed(3_000)
  const folders = () => world.listing.folders('AS2/files/' as Prefix, world.signal)
  const other = () => world.listing.folders('AS2/send/' as Prefix, world.signal)
  world.store.intercept = () => ({ before: outage })
  await t.rejects(folders(), { code: 'EIO' })
  const before = world.lists
  world.later(900)
  await Promise.all(Array.from({ length: 12 }, () => t.rejects(folders(), { code: 'EIO' })))
  t.equal(world.lists, before, 'nobody asks again')
  world.later(2_000)
  await t.rejects(folders(), { code: 'EIO' })
  t.equal(world.lists, before + 1, 'one look whether it is over')
  world.store.intercept = undefined
  await other()
  world.later(1_001)
  t.same(await folders(), ['A'], 'another’s success is enough')
})

t.test('who decides by a listing gets none that is too old', async (t) => {
  const world = await listed(3_000)
  t.equal((await world.listing.current(inbox, world.signal)).size, 3_000)
  world.later(minute)
  const key = world.arrive()
  world.store.intercept = () => ({ before: outage })
  t.equal((await world.look()).keys.size, 3_000, 'who only looks is shown what was')
  await t.rejects(world.listing.current(inbox, world.signal), { code: 'EIO' })
  world.store.intercept = undefined
  t.ok((await world.listing.current(inbox, world.signal)).has(key))
})

t.test('a glimpse never waits for a bucket that does not answer', async (t) => {
  const world = await listed(3_000)
  world.later(minute)
  const { known, listing } = { known: 3_000, listing: world.listing }
  world.store.intercept = () => ({ before: outage })
  t.match(await listing.glimpse(inbox, world.signal), { value: { size: known }, isCurrent: false, error: outage })
  world.later(10 * minute)
  t.match(await listing.glimpse(inbox, world.signal), { value: { size: known }, isCurrent: false })
  // What that began fails now.
  await nextTurn()
  let isAsked = false
  world.store.intercept = () => {
    isAsked = true
    return { hold: new Promise(() => undefined) }
  }
  world.later(minute)
  const glimpse = await listing.glimpse(inbox, world.signal)
  t.match(glimpse, { value: { size: known }, isCurrent: false })
  await until('it to be asked for those who come later', () => isAsked)
  t.match(await listing.glimpse('AS2/files/A/B/outbox/' as Prefix, world.signal), {
    value: undefined,
    isCurrent: false,
  })
})

t.test('a glimpse of a bucket that answers is as good as a look', async (t) => {
  const world = await listed(3_000)
  const key = world.arrive()
  world.later(minute)
  const { value, isCurrent } = await world.listing.glimpse(inbox, world.signal)
  t.ok(isCurrent && value?.has(key))
})

t.test('who must know is never told what is stale', async (t) => {
  const world = await listed(3_000)
  world.store.delete(world.key(1))
  t.equal((await world.listing.complete(inbox, world.now, world.signal)).size, 3_000, 'listed at that time')
  world.later(1)
  t.equal((await world.listing.complete(inbox, world.now, world.signal)).size, 2_999)
  world.later(1)
  world.store.intercept = () => ({ before: outage })
  await t.rejects(world.listing.complete(inbox, world.now, world.signal), { code: 'EIO' })
})

t.test('what a GET did not find is gone at once, what it found replaced is looked at', async (t) => {
  const world = await listed(3_000)
  world.listing.forget(world.key(5))
  t.equal((await world.look()).keys.size, 2_999)
  world.store.set(world.key(6), 'replaced')
  const before = world.lists
  world.listing.recheck(world.key(6))
  const path = ['720784109390006', 'order.edi'] as Name[]
  await until('the new one', async () => {
    const entry = (await world.listing.tree(inbox, world.signal)).lookup(path)
    return entry?.kind === 'file' && entry.size === 8
  })
  t.equal(world.lists - before, 1)
  world.store.delete(world.key(8))
  world.listing.recheck(world.key(8))
  await until('its end', async () => (await world.look()).keys.size === 2_998)
})

t.test('a path by name', async (t: Test) => {
  const names = (path: string) => path.split('/') as Name[]
  const peek = async (world: World, path: string) => {
    const before = world.lists
    const tree = await world.listing.near(inbox, names(path), 'entry', world.signal)
    return { kind: tree.lookup(names(path))?.kind, lists: world.lists - before }
  }

  t.test('is one LIST in a view that is not listed yet, with all that is beside it', async (t) => {
    const world = new World()
    world.fill(5_000)
    const id = '720784109394321'
    t.same(await peek(world, id), { kind: 'folder', lists: 1 })
    t.same(await peek(world, `${id}/order.edi`), { kind: 'file', lists: 0 })
    t.same(await peek(world, `${id}/no.edi`), { kind: undefined, lists: 0 })
    t.same(await peek(world, 'nowhere/order.edi'), { kind: undefined, lists: 1 })
    t.same(await peek(world, 'nowhere/order.edi'), { kind: undefined, lists: 0 })
    t.equal(world.listing.isListed(inbox), false)
  })

  t.test('is asked anew after the ttl', async (t) => {
    const world = new World()
    world.fill(2_000)
    t.equal((await peek(world, '9')).kind, undefined)
    world.store.set(`${inbox}9`, 'x')
    world.later(5_001)
    t.equal((await peek(world, '9')).kind, 'file')
  })

  t.test('is asked anew where a GET found another object, or none', async (t) => {
    const world = new World()
    world.fill(2_000)
    const path = names('720784109391000/order.edi')
    const size = async () => {
      const entry = (await world.listing.near(inbox, path, 'entry', world.signal)).lookup(path)
      return entry?.kind === 'file' ? entry.size : undefined
    }
    t.equal(await size(), 1)
    world.store.set(world.key(1_000), 'replaced')
    world.listing.recheck(world.key(1_000))
    await until('the new one', async () => (await size()) === 8)
    world.store.delete(world.key(1_000))
    world.listing.forget(world.key(1_000))
    t.equal(await size(), undefined)
  })

  t.test('does not wait for the first listing', async (t) => {
    const world = new World()
    world.fill(5_000)
    let go: () => void = () => undefined
    const hold = new Promise<void>((resolve) => (go = resolve))
    world.store.intercept = ({ key }) => (key === (inbox as string) ? { hold } : undefined)
    const first = world.listing.tree(inbox, world.signal)
    t.equal((await peek(world, '720784109394321/order.edi')).kind, 'file')
    go()
    t.equal((await first).size, 5_000)
  })

  t.test('is right where thousands of keys begin like it', async (t) => {
    const world = new World()
    world.store.set(`${inbox}a`, 'x')
    for (let i = 0; i < 1_500; i += 1) world.store.set(`${inbox}a.${i}`, 'x')
    for (let i = 0; i < 1_500; i += 1) world.store.set(`${inbox}a/${i}`, 'x')
    t.same(await peek(world, 'a'), { kind: 'folder', lists: 2 })
    t.equal((await peek(world, 'a%2F')).kind, 'file')
    t.equal((await peek(world, 'a.7')).kind, 'file')
    t.equal((await peek(world, 'a/7')).kind, 'file')
    t.equal((await peek(world, 'a/no')).kind, undefined)
    t.equal((await peek(world, 'a.x')).kind, undefined)
    const content = await world.listing.near(inbox, ['a' as Name], 'content', world.signal)
    t.equal([...(content.readdir(['a' as Name]) ?? [])].length, 1_500)
  })

  t.test('is found in the whole where nothing narrower may be listed', async (t) => {
    const world = new World()
    world.fill(5_000)
    const refusal = new StoreError('EACCES', 'permanent', 'AccessDenied', 'No.', {})
    world.store.intercept = ({ key }) => (key === (inbox as string) ? undefined : { before: refusal })
    t.equal((await peek(world, '720784109394321/order.edi')).kind, 'file')
    world.store.intercept = () => ({ before: refusal })
    await t.rejects(
      peek(new World(), 'x').then(() => world.listing.complete(inbox, world.now + 1, world.signal)),
      {
        code: 'EACCES',
      },
    )
  })

  t.test('after many of them, the whole is listed', async (t) => {
    const world = new World()
    world.fill(5_000)
    for (let i = 0; i < 20; i += 1) await peek(world, `${720_784_109_390_000 + 10 * i}`)
    await until('the listing', () => world.listing.isListed(inbox))
    t.same(await peek(world, '720784109394321/order.edi'), { kind: 'file', lists: 0 })
  })
})

t.test('folders are all there, however many pages they take', async (t) => {
  const [clock, store] = [clockOf(() => 0), new MemoryStore({ pageLimit: 2 })]
  for (let i = 1; i <= 5; i += 1) store.set(`AS2/files/S${i}/P/inbox/1`, 'x')
  const limits = { ttl: 5_000, reconcile: minute, staleTtl: minute, deadline: minute, patience: minute }
  const listing = createListing({ store, ...limits, common: [], unordered: [], clock, log: silentLogger() })
  const found = await listing.folders('AS2/files/' as Prefix, new AbortController().signal)
  t.same(found, ['S1', 'S2', 'S3', 'S4', 'S5'])
})

t.test('the first glimpse of folders after an outage shows those that came meanwhile', async (t) => {
  const world = new World()
  const root = 'AS2/files/' as Prefix
  world.store.set('AS2/files/A/P/inbox/1', 'x')
  const glimpse = async () => (await world.listing.glimpseOfFolders(root, world.signal)).value
  t.same(await world.listing.folders(root, world.signal), ['A'])
  world.later(minute)
  world.store.intercept = () => ({ before: unreachable() })
  t.same(await glimpse(), ['A'])
  world.later(minute)
  world.store.intercept = undefined
  world.store.set('AS2/files/B/P/inbox/1', 'x')
  t.same(await glimpse(), ['A', 'B'])
})
