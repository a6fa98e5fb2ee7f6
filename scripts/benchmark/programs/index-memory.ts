/** Lists a bucket as a mount does, and prints how many bytes of memory each object takes once garbage is collected; with --expose-gc. */
import { createListing } from '../../../src/listing/cached-listing.js'
import { networkOf } from '../../../src/s3/network.js'
import { createSdkStore } from '../../../src/s3/sdk-store.js'
import { systemClock } from '../../../src/telemetry/clock.js'
import { silentLogger } from '../../../src/telemetry/log.js'
import type { Bytes, Milliseconds, Prefix } from '../../../src/units.js'
import { secretKey } from '../contenders.js'
import { inboxOf } from '../server/fill.js'
import { partnerAt } from '../server/worlds.js'

const minute: Milliseconds = 60_000

const [endpoint = '', bucket = '', objects = '0'] = process.argv.slice(2)
const { signal } = new AbortController()
const store = createSdkStore({
  endpoint,
  bucket,
  region: 'us-east-1',
  pathStyle: true,
  patience: minute,
  credentials: {
    get: async () => ({ accessKeyId: 'CLIENT', secretAccessKey: secretKey }),
    refused: () => undefined,
  },
  network: networkOf({ env: {} }),
})
const listing = createListing({
  store,
  ttl: minute,
  reconcile: 10 * minute,
  staleTtl: minute,
  deadline: 5 * minute,
  common: [],
  unordered: [],
  patience: minute,
  clock: systemClock,
  log: silentLogger(),
})

// What is loaded with the first request is not the index's.
await listing.tree(inboxOf('NOBODY') as Prefix, signal)
const before = await live()
const tree = await listing.tree(inboxOf(partnerAt(0)) as Prefix, signal)
const after = await live()
if (tree.size !== Number(objects)) throw new Error(`${tree.size} objects are listed`)
process.stdout.write(`${(after - before) / Number(objects)}\n`)
store.close()

/** Memory that is in use. */
async function live(): Promise<Bytes> {
  for (let n = 0; n < 3; n += 1) {
    await new Promise(setImmediate)
    globalThis.gc?.()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
