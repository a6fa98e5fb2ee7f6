/** `status` tells of as many requests as S3 was sent. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import { ControlClient } from '../../src/control/client.js'
import type { OperationName } from '../../src/demo/s3/operations.js'
import { mount, as2fs, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const operations: Readonly<Record<string, OperationName>> = {
  list: 'ListObjectsV2',
  get: 'GetObject',
  head: 'HeadObject',
  put: 'PutObject',
  createMultipart: 'CreateMultipartUpload',
  uploadPart: 'UploadPart',
  completeMultipart: 'CompleteMultipartUpload',
  abortMultipart: 'AbortMultipartUpload',
}

/** @returns what the server has counted, once the daemon tells the same */
async function agreed({ server, stateDirectory }: Mounted): Promise<Readonly<Record<string, number>>> {
  return until('the same figures', async () => {
    const { requests } = await new ControlClient(stateDirectory).status()
    const counted = Object.entries(operations).map(
      ([kind, name]) => [kind, server.requests.list.filter(({ operation }) => operation === name).length] as const,
    )
    const isSame = counted.every(
      ([kind, count]) => requests.sinceMount[kind] === count && requests.lastHour[kind] === count,
    )
    return isSame ? Object.fromEntries(counted) : undefined
  })
}

t.test('every request is counted by its kind, and each try', async (t) => {
  const key = 'AS2/files/ACME/GLOBEX/inbox/7207841093900001/order.edi'
  const mounted = await mount(t, { objects: { [key]: 'UNB+UNOC:3' }, flags: ['--multipart-threshold', '5MiB'] })
  const { server } = mounted
  let refused = 0
  server.intercept = (operation) =>
    operation === 'GetObject' && (refused += 1) <= 2 ? { status: 503, code: 'InternalError' } : undefined
  t.equal(await readFile(mounted.path('ACME/GLOBEX/inbox/7207841093900001/order.edi'), 'utf8'), 'UNB+UNOC:3')
  t.match(await agreed(mounted), { get: 3, put: 0 })

  await writeFile(mounted.path('ACME/GLOBEX/send/small.edi'), 'UNB+UNOC:3')
  await writeFile(mounted.path('ACME/GLOBEX/send/large.edi'), Buffer.alloc(6 * 1024 ** 2, 'x'))
  await mounted.inBucket('AS2/send/ACME/GLOBEX/small.edi')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/large.edi')
  const counted = await agreed(mounted)
  t.match(counted, { put: 1, createMultipart: 1, uploadPart: 1, completeMultipart: 1, abortMultipart: 0 })
  t.ok((counted.list ?? 0) >= 1, 'listings')

  const { stdout } = await run(process.execPath, [as2fs, 'status', mounted.mountpoint])
  t.match(stdout, /^ {2}requests {2}\d+ LIST, 3 GET, (?:\d+ HEAD, )?1 PUT, \d+ multipart in \d+ (s|min)/m)
})

t.test('what never reached S3 is not counted', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--op-timeout', '2s'] })
  const sent = async (): Promise<unknown> =>
    (await new ControlClient(mounted.stateDirectory).status()).requests.sinceMount
  const failed = (folder: string): Promise<unknown> => t.rejects(readdir(mounted.path('ACME/GLOBEX', folder)), folder)
  await agreed(mounted)
  await mounted.server.close()
  // A connection that was open may take one in vain.
  await failed('inbox')
  const before = await sent()
  await failed('outbox')
  await failed('headers/inbox')
  t.same(await sent(), before)
})
