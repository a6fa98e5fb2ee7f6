/** What the send room is told of the bucket: never that something was not sent, where that can't be known. */
import t from 'tap'
import { SentInBucket } from '../../src/daemon/sent-in-bucket.js'
import { createListing } from '../../src/listing/cached-listing.js'
import { BucketClock } from '../../src/s3/bucket-clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Prefix } from '../../src/units.js'
import { accessDenied, keysRefused, MemoryStore, unreachable } from '../helpers/memory-store.js'
import { PlayedClock } from '../helpers/played-clock.js'

const partner = { station: 'A', partner: 'B' }
const { signal } = new AbortController()
const hour = 3_600_000

function world() {
  const clock = new PlayedClock()
  const store = new MemoryStore({ clock })
  const root = 'AS2/' as Prefix
  const listing = createListing({
    ...{
      store,
      clock,
      timers: clock,
      log: silentLogger(),
      common: [],
      unordered: ['AS2/send/', 'AS2/duplicate/'] as Prefix[],
    },
    ...{ ttl: 5_000, reconcile: 600_000, staleTtl: 300_000, deadline: 60_000, patience: 1_000 },
  })
  const bucketClock = new BucketClock(clock)
  return { clock, store, bucket: new SentInBucket({ listing, store, root, clock, bucketClock }) }
}

/** Denies LISTs of what begins so. */
const deny =
  (prefix: string) =>
  ({ key, operation }: { key: string; operation: string }) =>
    operation === 'list' && key.startsWith(prefix) ? { before: accessDenied() } : undefined

t.test('a name was sent if it is in send/ or the outbox, in whatever folder, for six hours', async (t) => {
  const { clock, store, bucket } = world()
  t.equal(await bucket.seen(partner, 'a', signal), undefined)
  const { mtime } = store.set('AS2/files/A/B/outbox/7/a', 'x')
  await clock.advance(5_001)
  t.equal(await bucket.seen(partner, 'a', signal), mtime)
  t.equal(await bucket.seenAtOnce(partner, 'a', signal), mtime)
  t.equal(await bucket.seen(partner, '7', signal), undefined, 'a folder is no name')
  await clock.advance(7 * hour)
  t.equal(await bucket.seen(partner, 'a', signal), undefined)
})

t.test('that it was not sent is said only of what may not, or could, be looked at', async (t) => {
  const { clock, store, bucket } = world()
  store.intercept = () => ({ before: unreachable() })
  await t.rejects(bucket.seen(partner, 'a', signal), { code: 'EIO' })
  await clock.advance(5_000)
  await t.rejects(bucket.seenAtOnce(partner, 'a', signal), { code: 'EIO' })
  await clock.advance(5_000)
  store.intercept = () => ({ before: keysRefused() })
  await t.rejects(bucket.seen(partner, 'a', signal), { code: 'EACCES', message: /access key/ })
  await clock.advance(5_000)
  await t.rejects(bucket.seenAtOnce(partner, 'a', signal), { code: 'EACCES', message: /access key/ })
  await clock.advance(5_000)
  store.intercept = () => ({ before: accessDenied() })
  t.equal(await bucket.seen(partner, 'a', signal), undefined)
})

t.test('a lost upload is looked for by listings that are begun now, first where it would be first', async (t) => {
  const { clock, store, bucket } = world()
  const lost = { name: 'a', size: 1, after: 0 }
  const find = async (isIt = async () => true) => {
    await clock.advance(1)
    return bucket.find(partner, lost, isIt, signal)
  }
  t.equal(await find(), undefined)
  store.set('AS2/send/A/B/a', 'x')
  t.equal(await find(), 'send', 'though the last listing is new yet')
  t.equal(await find(async () => false), undefined)
  store.delete('AS2/send/A/B/a')
  store.set('AS2/files/A/B/outbox/7/a', 'xx')
  t.equal(await find(), undefined, 'another size')
  store.set('AS2/files/A/B/outbox/7/a', 'x')
  t.equal(await find(), 'outbox')
  store.set('AS2/duplicate/A/B/a', 'x')
  t.equal(await find(), 'duplicate')
})

t.test(
  'it is found where the gateway keeps it by a name with a time in it, or as one that it could not send',
  async (t) => {
    const { clock, store, bucket } = world()
    const find = async () => {
      await clock.advance(1)
      return bucket.find(partner, { name: 'a.edi', size: 1, after: 0 }, async () => true, signal)
    }
    store.set('AS2/files/A/B/outbox/extra.edi', 'x')
    store.set('AS2/send/A/B/20261130123456_a.edi', 'x')
    t.equal(await find(), undefined)
    store.set('AS2/files/A/B/failed/7/a.edi', 'x')
    t.equal(await find(), 'failed')
    store.set('AS2/files/A/B/outbox/20261130123456_a.edi', 'x')
    t.equal(await find(), 'outbox')
    store.intercept = deny('AS2/files/A/B/failed/')
    t.equal(await find(), 'outbox')
  },
)

t.test('that one can’t look is never told as: it is not there', async (t) => {
  const { clock, store, bucket } = world()
  const find = async () => {
    await clock.advance(1)
    return bucket.find(partner, { name: 'a', size: 1, after: 0 }, async () => true, signal)
  }
  store.intercept = deny('AS2/files/A/B/outbox/')
  await t.rejects(find(), { code: 'EACCES' })
  store.intercept = deny('AS2/duplicate/')
  t.equal(await find(), undefined, 'but for duplicates, which hold no more than another copy')
  store.intercept = deny('AS2/send/')
  store.set('AS2/send/A/B/a', 'x')
  t.equal(await find(), 'send', 'a HEAD tells it, too')
})

t.test('what waits in send/ is told by a listing of the whole', async (t) => {
  const { store, bucket } = world()
  store.set('AS2/send/A/B/a', 'x')
  store.set('AS2/send/A/B/ab', 'x')
  t.ok(await bucket.has(partner, 'a', signal))
  t.notOk(await bucket.has(partner, 'b', signal))
  const isWaiting = await bucket.waiting(partner, signal)
  t.same(
    ['a', 'ab', 'b'].map((it) => isWaiting(`AS2/send/A/B/${it}` as never)),
    [true, true, false],
  )
  t.equal(await bucket.keeps(partner, 'a', signal), true)
  t.equal(await bucket.keeps(partner, 'b', signal), false)
  store.intercept = () => ({ before: accessDenied() })
  t.equal(await bucket.keeps(partner, 'a', signal), undefined)
})

t.test('what came to the outbox since is told; where that may not be listed, nothing', async (t) => {
  const { clock, store, bucket } = world()
  store.set('AS2/files/A/B/outbox/1/old', 'x')
  await clock.advance(10_000)
  const { mtime } = store.set('AS2/files/A/B/outbox/2/new', 'xy')
  t.same(await bucket.sent(partner, 'outbox', mtime, signal), [{ name: 'new', size: 2, mtime }])
  store.intercept = () => ({ before: accessDenied() })
  await clock.advance(1)
  t.same(await bucket.sent(partner, 'outbox', mtime, signal), [])
})
