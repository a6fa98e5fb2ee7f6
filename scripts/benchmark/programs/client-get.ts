/**
 * Reads objects with the client of as2fs, without a mount: one large object in ranges, or a small one again and again. Arguments: endpoint, path of the
 * certificate or nothing, `lean` or `sdk`, key, its size, and how often (for the large one: once). Prints milliseconds, and those of CPU time.
 */
import { Cancellation, type CancelSignal } from '../../../src/cancellation.js'
import { networkOf } from '../../../src/s3/network.js'
import { createSdkStore } from '../../../src/s3/sdk-store.js'
import type { Store } from '../../../src/s3/store.js'
import type { Bytes, Key } from '../../../src/units.js'
import { secretKey } from '../contenders.js'
import { bucketName } from '../server/worlds.js'

/** As a mount does it. @see src/data/blocks.ts, src/data/pinned-object.ts */
const block: Bytes = 4 * 1024 * 1024
const rangesAtATime = 8
const smallAtATime = 16
/** Until V8 has compiled what it will compile, and all connections are there. */
const warmUp = 5_000

const [endpoint = '', ca = '', way = '', key = '', size = '0', times = '1'] = process.argv.slice(2)
const store: Store = createSdkStore({
  endpoint,
  bucket: bucketName,
  region: 'us-east-1',
  pathStyle: true,
  patience: 30_000,
  credentials: {
    get: async () => ({ accessKeyId: 'CLIENT', secretAccessKey: secretKey }),
    refused: () => undefined,
  },
  network: networkOf({ caFile: ca === '' ? undefined : { path: ca, from: '--ca-file' }, env: {} }),
  sdkReads: way === 'sdk',
})

/** Each worker has memory of its own, which is used again. */
async function parallel(workers: number, count: number, ask: (n: number, into: Buffer) => Promise<unknown>) {
  let next = 0
  const work = async (): Promise<void> => {
    const into = Buffer.allocUnsafeSlow(Math.min(block, Number(size)))
    while (next < count) await ask(next++, into)
  }
  await Promise.all(Array.from({ length: workers }, work))
}

/** One for each, as each shared fetch of a mount has its own. */
function signal(): CancelSignal {
  return new Cancellation()
}

async function range(n: number, into: Buffer): Promise<void> {
  const [start, end] = [n * block, Math.min(Number(size), (n + 1) * block)]
  const bytes = await store.get({ key: key as Key, range: { start, end }, etag: '', into }, signal())
  if (bytes.length !== end - start) throw new Error(`${bytes.length} bytes came`)
}

async function whole(): Promise<void> {
  const bytes = await store.get({ key: key as Key }, signal())
  if (bytes.length !== Number(size)) throw new Error(`${bytes.length} bytes came`)
}

const isLarge = Number(size) > block
// The first one is the SDK's in any case.
if (isLarge) await range(0, Buffer.allocUnsafeSlow(block))
else await parallel(smallAtATime, warmUp, whole)
const cpu = process.cpuUsage()
const began = performance.now()
if (isLarge) await parallel(rangesAtATime, Math.ceil(Number(size) / block), range)
else await parallel(smallAtATime, Number(times), whole)
const time = performance.now() - began
const { user, system } = process.cpuUsage(cpu)
process.stdout.write(`${time} ${(user + system) / 1000}\n`)
store.close()
