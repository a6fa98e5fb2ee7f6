/** Listings of the whole that are under way, and what others learn meanwhile. */
import t from 'tap'
import { ForgottenKeys } from '../../src/listing/forgotten-keys.js'
import { ListingMeter } from '../../src/listing/listing-meter.js'
import { KeyIndex } from '../../src/listing/key-index.js'
import { WholeListings, type Whole } from '../../src/listing/whole-listings.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { inbox, objectsOf } from '../helpers/listed.js'
import { MemoryStore, unreachable } from '../helpers/memory-store.js'
import { idle, PlayedClock } from '../helpers/played-clock.js'

function world() {
  const clock = new PlayedClock()
  const store = new MemoryStore({ clock })
  store.set(`${inbox}a`, 'x')
  const landed: Whole[] = []
  const options = {
    meter: new ListingMeter(),
    prefix: inbox,
    store,
    deadline: 60_000,
    clock,
    timers: clock,
    log: silentLogger(),
  }
  const listings = new WholeListings(options, (whole) => {
    landed.push(whole)
    return whole.index.size
  })
  return { clock, store, landed, listings }
}

t.test('one serves all who want one that was begun no earlier', async (t) => {
  const { clock, store, landed, listings } = world()
  let go: () => void = () => undefined
  const hold = new Promise<void>((resolve) => (go = resolve))
  store.intercept = () => ({ hold })
  const first = listings.begunSince(0)
  const same = listings.begunSince(0)
  await clock.advance(10)
  const later = listings.begunSince(10)
  t.ok(listings.areUnderWay)
  go()
  t.same(await Promise.all([first, same, later]), [1, 1, 1])
  t.same(landed.map((it) => it.startedAt).sort(), [0, 10])
  t.equal(store.count('list'), 2)
  t.notOk(listings.areUnderWay)
})

t.test('it is told after which key others have listed since', async (t) => {
  const { store, landed, listings } = world()
  let go: () => void = () => undefined
  const hold = new Promise<void>((resolve) => (go = resolve))
  store.intercept = () => ({ hold })
  const listed = listings.begunSince(0)
  for (const key of ['m', 'k', 'z']) listings.noteTail(key)
  go()
  await listed
  t.equal(landed[0]?.tail, 'k', 'the least of them')
})

t.test('one that fails, or takes too long, is gone, and the next one begins anew', async (t) => {
  const { clock, store, landed, listings } = world()
  store.intercept = () => ({ before: unreachable() })
  await t.rejects(listings.begunSince(0), { code: 'EIO' })
  store.intercept = () => ({ hold: new Promise(() => undefined) })
  const hanging = t.rejects(listings.begunSince(0), { code: 'ETIMEDOUT' })
  await clock.advance(60_000)
  await hanging
  store.intercept = undefined
  t.equal(await listings.begunSince(0), 1)
  t.equal(landed.length, 1)
  await idle()
})

t.test('a key that was gone is left out of what was begun before that, and of nothing else', async (t) => {
  const clock = new PlayedClock()
  const forgotten = new ForgottenKeys(clock, 60_000)
  const index = KeyIndex.of(inbox, objectsOf(['a', 'b']))
  const keys = (it: KeyIndex) => [...it.objects()].map(({ key }) => key.slice(inbox.length))
  await clock.advance(10)
  forgotten.add('a')
  t.same(keys(forgotten.leftOutOf(index, 10)), ['b'])
  t.equal(forgotten.leftOutOf(index, 11), index, 'it has come back')
  await clock.advance(60_001)
  forgotten.add('b')
  t.same(keys(forgotten.leftOutOf(index, 10)), ['a'], 'no listing takes so long')
})
