/** One value for all who look: when it is fetched, who waits for it and how long, and what is told when that fails. */
import t from 'tap'
import { FsError } from '../../src/errors.js'
import { Refreshed } from '../../src/listing/refreshed.js'
import { Pulse } from '../../src/s3/pulse.js'
import type { Milliseconds } from '../../src/units.js'
import { accessDenied, MemoryStore, unreachable } from '../helpers/memory-store.js'
import { idle, PlayedClock } from '../helpers/played-clock.js'

const prefix = 'x/' as never

/** A value that is the number of fetches so far, fetched by a LIST of a store that may fail. */
class World {
  readonly clock = new PlayedClock()
  readonly store = new MemoryStore({ clock: this.clock })
  readonly pulse = new Pulse(this.clock)
  readonly changes: (readonly [former: number | undefined, value: number])[] = []
  readonly value: Refreshed<number>
  fetches = 0

  constructor() {
    const store = this.pulse.watch(this.store)
    this.value = new Refreshed({
      ...{ ttl: 5_000, deadline: 60_000, patience: 4_000, pulse: this.pulse, clock: this.clock, timers: this.clock },
      fetch: async (signal) => {
        const number = (this.fetches += 1)
        await store.list({ prefix }, signal)
        return number
      },
      mayServe: (age, error) => age <= 300_000 && error.code !== 'EACCES',
      onChange: (former, value) => this.changes.push([former, value]),
    })
  }

  hang(): () => void {
    let go: () => void = () => undefined
    const hold = new Promise<void>((resolve) => (go = resolve))
    this.store.intercept = () => ({ hold })
    return go
  }

  /** @returns what it came to, and how long that took */
  async timed<T>(look: Promise<T>): Promise<{ value?: T; code?: string; ms: Milliseconds }> {
    const ms = await this.clock.play(look, 120_000)
    return look.then(
      (value) => ({ value, ms }),
      (error: unknown) => ({ code: error instanceof FsError ? error.code : String(error), ms }),
    )
  }

  get(patience: Milliseconds = 30_000) {
    return this.timed(this.value.get(this.clock.timeout(patience)))
  }

  glimpse(options: { readonly seesEnd?: boolean } = {}) {
    return this.timed(this.value.glimpse(this.clock.timeout(30_000), options))
  }
}

t.test('it is fetched when somebody looks and it is too old, once for all who wait', async (t) => {
  const world = new World()
  t.equal(world.value.known, undefined)
  const [first, second] = await Promise.all([world.get(), world.get()])
  t.same([first.value, second.value, world.fetches], [1, 1, 1])
  await world.clock.advance(4_999)
  t.equal((await world.get()).value, 1)
  await world.clock.advance(1)
  t.equal((await world.get()).value, 2)
  t.same(world.changes, [
    [undefined, 1],
    [1, 2],
  ])
})

t.test('a failure is everybody’s for a second, and for four while the bucket answers nobody', async (t) => {
  const world = new World()
  world.store.intercept = () => ({ before: accessDenied() })
  t.equal((await world.get()).code, 'EACCES')
  await world.clock.advance(999)
  t.equal((await world.get()).code, 'EACCES')
  t.equal(world.fetches, 1)
  t.equal(world.value.error?.code, 'EACCES')
  await world.clock.advance(1)
  world.store.intercept = () => ({ before: unreachable() })
  t.equal((await world.get()).code, 'EIO')
  t.equal(world.value.error, undefined, 'that the bucket can’t be reached is no matter of this one')
  await world.clock.advance(3_999)
  world.store.intercept = undefined
  t.same(await world.get(), { value: 3, ms: 0 }, 'unless it is seen to be over')
})

t.test('what is known is shown in an outage, not for ever; who is refused sees nothing', async (t) => {
  const world = new World()
  await world.get()
  world.store.intercept = () => ({ before: unreachable() })
  await world.clock.advance(300_000)
  t.equal((await world.get()).value, 1)
  await world.clock.advance(1)
  t.equal((await world.get()).code, 'EIO')
  world.store.intercept = () => ({ before: accessDenied() })
  await world.clock.advance(5_000)
  t.equal((await world.get()).code, 'EACCES')
})

t.test('a late answer is waited for with patience once, then hardly, while something can be shown', async (t) => {
  const world = new World()
  await world.get()
  await world.clock.advance(5_000)
  const go = world.hang()
  t.same(await world.get(), { value: 1, ms: 4_000 })
  t.same(await world.get(), { value: 1, ms: 0 }, 'just now somebody waited in vain')
  await world.clock.advance(1_000)
  t.same(await world.get(), { value: 1, ms: 200 })
  t.equal(world.fetches, 2, 'it is one and the same that they wait for')
  go()
  await idle()
  t.equal((await world.get()).value, 3, 'and its answer is too old by now')
})

t.test('a bucket that is slow and answers is waited for, also while something else is listed', async (t) => {
  const world = new World()
  const never = new AbortController().signal
  const other = () => world.pulse.watch(world.store).list({ prefix: 'y/' as never }, never)
  world.store.intercept = () => ({ hold: world.clock.pause(2_500, never) })
  t.same(await world.get(), { value: 1, ms: 2_500 })
  await world.clock.advance(5_000)
  const listing = other()
  await world.clock.advance(1_000)
  t.equal(world.pulse.patience, 2_750)
  t.same(await world.get(), { value: 2, ms: 2_500 })
  await listing
  world.store.intercept = undefined
  for (let quick = 0; quick < 4; quick += 1) await other()
  t.equal(world.pulse.patience, 400, 'it is as quick as any again')
})

t.test('with nothing to show it is waited for as long as one may; then those who come next know', async (t) => {
  const world = new World()
  world.hang()
  t.same(await world.get(30_000), { code: 'ETIMEDOUT', ms: 30_000 })
  t.same(await world.get(30_000), { code: 'ETIMEDOUT', ms: 0 })
})

t.test('who is killed while he waits tells the others nothing', async (t) => {
  const world = new World()
  world.hang()
  t.same(await world.get(1_000), { code: 'ETIMEDOUT', ms: 1_000 })
  t.same(await world.get(1_000), { code: 'ETIMEDOUT', ms: 1_000 })
})

t.test('a glimpse waits for moments only, as long as the bucket goes on answering', async (t) => {
  const world = new World()
  t.match(await world.glimpse(), { value: { value: 1, isCurrent: true }, ms: 0 })
  await world.clock.advance(5_000)
  const go = world.hang()
  t.match(await world.glimpse(), { value: { value: 1, isCurrent: false, error: undefined }, ms: 400 })
  t.match(await world.glimpse(), { value: { value: 1, isCurrent: false }, ms: 0 }, 'this one is known to be slow')
  go()
  await idle()
  t.match(await world.glimpse(), { value: { isCurrent: true } })
  world.store.intercept = () => ({ before: unreachable() })
  await world.clock.advance(600_000)
  t.match(await world.glimpse(), { value: { value: 2, isCurrent: false } }, 'however old')
})

t.test('a glimpse may see the end of an outage, for which it waits a little, once for each fetch', async (t) => {
  const world = new World()
  await world.glimpse()
  world.store.intercept = () => ({ before: unreachable() })
  await world.clock.advance(5_000)
  t.match(await world.glimpse({ seesEnd: true }), { value: { value: 1, isCurrent: false }, ms: 0 })
  world.store.intercept = undefined
  t.match(await world.glimpse({ seesEnd: true }), { value: { value: 1, isCurrent: false }, ms: 0 }, 'its first second')
  await world.clock.advance(1_000)
  t.match(await world.glimpse({ seesEnd: true }), { value: { value: 3, isCurrent: true }, ms: 0 })

  world.store.intercept = () => ({ before: unreachable() })
  await world.clock.advance(5_000)
  await world.glimpse({ seesEnd: true })
  await world.clock.advance(60_000)
  world.hang()
  t.match(await world.glimpse({ seesEnd: true }), { value: { value: 3, isCurrent: false }, ms: 200 })
  t.match(await world.glimpse({ seesEnd: true }), { value: { value: 3 }, ms: 0 }, 'this one is known to be slow')
})

t.test('long after an outage of which nobody has seen the end, the first glimpse that may see it does', async (t) => {
  const world = new World()
  await world.glimpse()
  world.store.intercept = () => ({ before: unreachable() })
  await world.clock.advance(5_000)
  await world.glimpse()
  world.store.intercept = undefined
  await world.clock.advance(60_000)
  t.match(await world.glimpse({ seesEnd: true }), { value: { value: 3, isCurrent: true }, ms: 0 })
})

t.test('who must know is never told what is too old', async (t) => {
  const world = new World()
  await world.get()
  await world.clock.advance(5_000)
  world.store.intercept = () => ({ before: unreachable() })
  t.equal((await world.timed(world.value.current(world.clock.timeout(30_000)))).code, 'EIO')
})

t.test('what is learned by another way is as fresh as if it had been fetched, and ends the trouble', async (t) => {
  const world = new World()
  world.store.intercept = () => ({ before: accessDenied() })
  await world.get()
  world.value.install(7, world.clock.monotonic())
  t.equal(world.value.error, undefined)
  t.equal((await world.get()).value, 7)
  world.value.replace((it) => it + 1)
  t.equal((await world.get()).value, 8)
  t.equal(world.value.since(world.clock.monotonic() + 1), undefined)
  t.equal(world.value.since(world.clock.monotonic()), 8)
})
