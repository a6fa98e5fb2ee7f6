/** Programs that read over a bad network: they get every byte, and do not notice. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { Fault, Rule } from '../helpers/faults.js'
import { prepare } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'

const inbox = 'AS2/files/ACME/GLOBEX/inbox'
const large = Buffer.from(Uint32Array.from({ length: 6 * 1024 * 1024 }, (_, i) => i).buffer)
/** Each hits one request in twenty, so one in four is hit by some; the same one at most twice in a row, or it would be an outage. */
const faults: readonly Fault[] = [
  { reset: 'request' },
  { cutAfter: 1_000 },
  { shortenTo: 1_000 },
  { status: 500, code: 'InternalError' },
  { status: 503, code: 'SlowDown' },
  { stallAfter: 1_000 },
]
const badNetwork: readonly Rule[] = faults.map((fault) => ({ probability: 0.05, inARow: 2, fault }))
/** Only whole objects have a checksum. */
const corruption: Rule = { operation: 'GetObject', key: /\.edi$/, probability: 0.05, inARow: 2, fault: { corrupt: -1 } }

const mounted = await prepare(t, { proxied: true, flags: ['--op-timeout', '4s', '--list-ttl', '500ms'] })
const expected = t.testdir()
for (let i = 0; i < 100; i += 1) {
  const [path, bytes] = [`${7_207_841_093_000 + i}/order.edi`, Buffer.from(`order ${i}\n`.repeat(100 + i * 5))]
  mounted.server.put(`${inbox}/${path}`, bytes)
  await mkdir(join(expected, 'inbox', dirname(path)), { recursive: true })
  await writeFile(join(expected, 'inbox', path), bytes)
}
mounted.server.put(`${inbox}/large.bin`, large)
await writeFile(join(expected, 'inbox/large.bin'), large)
await mounted.mount()
mounted.proxy.add(corruption, ...badNetwork)
const view = mounted.path('ACME/GLOBEX/inbox')

t.test('cp -r brings every byte', async (t) => {
  const copy = t.testdir()
  await sh(`cp -r ${view} ${copy}/`)
  t.equal(await sh(`diff -r ${expected}/inbox ${copy}/inbox`), '')
})

t.test('four programs at once read a large file whole', async (t) => {
  const [sum = ''] = (await sh(`md5sum < ${expected}/inbox/large.bin`)).split(' ')
  // Past the page cache, or only the first would read from the bucket.
  const sums = await sh(
    `for i in 1 2 3 4; do dd if=${view}/large.bin bs=128K iflag=direct status=none | md5sum & done; wait`,
  )
  t.same(
    sums
      .trim()
      .split('\n')
      .map((it) => it.split(' ')[0]),
    Array.from({ length: 4 }, () => sum),
  )
})

t.test('grep reads all the same', async (t) => {
  t.equal((await sh(`grep -rl 'order 99' ${view}`)).trim(), `${view}/7207841093099/order.edi`)
})

t.test('the network really was bad', async (t) => {
  const hit = mounted.proxy.requests.filter((it) => it.fault !== undefined)
  t.ok(hit.length > 15, `${hit.length} of ${mounted.proxy.requests.length} requests were hit`)
  t.ok(hit.some((it) => it.fault && 'corrupt' in it.fault))
})
