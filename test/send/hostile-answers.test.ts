/**
 * Files on their way to a bucket behind everything that may come in its place: whatever answers each request of an upload, and
 * of the look for one whose answer was lost, every file arrives once, whole.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startS3Server } from '../../src/demo/s3/server.js'
import { SentInBucket } from '../../src/daemon/sent-in-bucket.js'
import { createListing } from '../../src/listing/cached-listing.js'
import { BucketClock } from '../../src/s3/bucket-clock.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import { createSender } from '../../src/send/create-sender.js'
import type { Sender, SendRow } from '../../src/send/sender.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Bytes, Name, Prefix } from '../../src/units.js'
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.js'
import type { Fault } from '../helpers/faults.js'
import { hostileAnswers } from '../helpers/hostile-answers.js'
import { credentials } from '../helpers/mounted.js'
import { never } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'
import { commonPrefixes } from '../../src/view/tree.js'

const root = 'AS2/' as Prefix
/** Thousands of changes go to the journal, each of which waits for the disk. */
const memoryDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
/** One of each kind of answer: that none of them is believed is tried of all with the store alone. */
const kinds =
  /^(another’s (page|XML)|nothing|201|204|302|304|(403|404|412|501|503) with another|(403|404) with nothing|40. (Thr|Bad|Op)|503 Slow|a|an|no|silence)\b/
const answers = hostileAnswers.filter((it) => kinds.test(it.name))
const multipartThreshold: Bytes = 1_000
const small = 900
const large = 5_000

async function behindProxy(t: Test) {
  const bucketName = 'mftg-test'
  const server = await startS3Server({ ...credentials, bucket: bucketName })
  const proxy = await startFaultProxy(server.endpoint)
  const keys = { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey }
  const store = createSdkStore({
    ...{
      bucket: bucketName,
      region: 'us-east-1',
      pathStyle: true,
      patience: 12_000,
      uploadPatience: 8_000,
      endpoint: proxy.endpoint,
    },
    credentials: { get: async () => keys, refused: () => undefined },
  })
  const directory = await mkdtemp(join(memoryDisk, 'as2fs-hostile-'))
  const [clock, log] = [systemClock, silentLogger()]
  const bucketClock = new BucketClock(clock)
  const times = { ttl: 0, reconcile: 600_000, staleTtl: 0, deadline: 10_000, patience: 60_000 }
  const unordered = [`${root}send/`, `${root}duplicate/`] as Prefix[]
  const listing = createListing({ ...times, ...{ store, common: commonPrefixes(root), unordered, clock, log } })
  const sender = await createSender({
    ...{ hold: [], empty: 'hold', commit: 'close', triggerSuffixes: [], onDuplicate: 'reject', uploads: 24, settle: 0 },
    ...{ root, store, clock, log, directory, multipartThreshold, random: () => 0, lostAnswer: 0 },
    bucket: new SentInBucket({ listing, store, root, clock, bucketClock }),
  })
  const puts = new Map<string, number>()
  server.onPut(({ key }) => puts.set(key, (puts.get(key) ?? 0) + 1))
  t.teardown(async () => {
    await sender.close()
    store.close()
    await proxy.close()
    await server.close()
    await rm(directory, { recursive: true, force: true })
  })
  return { server, proxy, sender, puts }
}

interface Sent {
  readonly cell: string
  readonly key: string
  readonly content: Buffer
}

async function write(sender: Sender, cell: string, { partner, name, key }: Place, size: Bytes): Promise<Sent> {
  const content = Buffer.from(createHash('sha512').update(cell).digest('hex').repeat(100)).subarray(0, size)
  const file = await sender.create({ station: 'ACME', partner }, [name], never())
  await file.write(content, 0, never())
  await file.flush({ closed: async () => ({ isLast: true, killedBy: undefined }) }, never())
  await file.release()
  return { cell, key, content }
}

/** A file's, by its number. */
interface Place {
  readonly partner: Name
  readonly name: Name
  readonly key: string
}

function placeOf(at: number, partners: number): Place {
  const [partner, name] = [`P${at % partners}`, `order-${at}.edi`] as [Name, Name]
  return { partner, name, key: `AS2/send/ACME/${partner}/${name}` }
}

/** What is looked for of one partner's files at the same time is listed once. */
function together(at: number): Place {
  return placeOf(at, 8)
}

function alone(at: number): Place {
  return placeOf(at, Infinity)
}

/** Waits until all is in the bucket; what waits for its next try is tried at once. */
async function allSubmitted(sender: Sender): Promise<readonly SendRow[]> {
  const rows = () => sender.allRows()
  await until(
    'all to be submitted',
    async () => {
      const waiting = rows().filter((it) => it.state !== 'submitted')
      for (const { id, state, nextTryAt } of waiting) {
        const isPaused = state === 'queued' && (nextTryAt ?? 0) > systemClock.now() + 50
        if (isPaused) await sender.retry(id, never()).catch(() => undefined)
      }
      return waiting.every((it) => it.state === 'failed')
    },
    480_000,
  )
  return rows()
}

/** Requests of an upload, with the size of file that needs them. */
const uploads: readonly (readonly [operation: string, Bytes])[] = [
  ['PutObject', small],
  ['CreateMultipartUpload', large],
  ['UploadPart', large],
  ['CompleteMultipartUpload', large],
]

/** One that takes its time is met once: each try waits for it as long as for a dead connection. */
function times(fault: Fault): number {
  const isSlow =
    'stall' in fault ||
    'stallAfter' in fault ||
    ('loseAnswer' in fault && fault.loseAnswer === 'stall') ||
    ('page' in fault && fault.page.rate !== undefined) ||
    ('raw' in fault && fault.raw.every !== undefined)
  return isSlow ? 1 : 2
}

// Each has a bucket of its own, and mostly waits for what does not come.
t.jobs = 3

t.test('whatever answers a request of an upload, the file arrives once', { timeout: 500_000 }, async (t) => {
  const world = await behindProxy(t)
  const cells = uploads.flatMap(([operation, size]) => answers.map((answer) => ({ operation, size, ...answer })))
  for (const [at, { operation, fault }] of cells.entries()) {
    world.proxy.add({ operation, key: together(at).key, times: times(fault), fault })
  }
  const sent = await Promise.all(
    cells.map(({ operation, name, size }, at) => write(world.sender, `${operation}: ${name}`, together(at), size)),
  )
  await arrived(t, world, sent)
})

t.test(
  'whatever answers the look for an upload whose answer was lost, it is sent once',
  { timeout: 500_000 },
  async (t) => {
    const world = await behindProxy(t)
    for (const [at, { fault }] of answers.entries()) {
      const { partner, key } = alone(at)
      world.proxy.add({ operation: 'PutObject', key, times: 1, fault: { loseAnswer: 'reset' } })
      world.proxy.add({ operation: 'ListObjectsV2', key: `AS2/send/ACME/${partner}/`, times: 2 * times(fault), fault })
    }
    const sent = await Promise.all(answers.map(({ name }, at) => write(world.sender, name, alone(at), small)))
    await arrived(t, world, sent)
  },
)

t.test('whatever answers an abort, the upload goes on, and leaves no parts', { timeout: 500_000 }, async (t) => {
  const world = await behindProxy(t)
  for (const [at, { fault }] of answers.entries()) {
    world.proxy.add({
      operation: 'UploadPart',
      key: together(at).key,
      times: 5,
      fault: { status: 500, code: 'InternalError' },
    })
    world.proxy.add({ operation: 'AbortMultipartUpload', key: together(at).key, times: times(fault), fault })
  }
  const sent = await Promise.all(answers.map(({ name }, at) => write(world.sender, name, together(at), large)))
  await arrived(t, world, sent)
  await until('no parts to be left', () => world.server.unfinishedUploads().length === 0)
})

type World = { readonly proxy: FaultProxy } & Awaited<ReturnType<typeof behindProxy>>

async function arrived(t: Test, { server, sender, puts }: World, sent: readonly Sent[]): Promise<void> {
  const rows = await allSubmitted(sender)
  const failed = rows.filter((it) => it.state !== 'submitted').map((it) => `${it.path}: ${it.state}, ${it.error}`)
  t.same(failed, [], 'none failed')
  const wrong = sent.flatMap(({ cell, key, content }) => [
    ...(server.get(key)?.equals(content) === true ? [] : [`${cell}: not in the bucket, or not whole`]),
    ...(puts.get(key) === 1 ? [] : [`${cell}: put ${puts.get(key) ?? 0} times`]),
  ])
  t.same(wrong, [], 'all arrived once')
  t.equal(server.list('AS2/').length, sent.length, 'and nothing else')
}
