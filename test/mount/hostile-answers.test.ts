/** A mount behind everything that may come in S3's place: nothing is shown empty, lost or sent twice, and it heals. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { hostileAnswers } from '../helpers/hostile-answers.js'
import { as2fs, mount } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const inbox = 'AS2/files/ACME/GLOBEX/inbox'
/** Of each kind that a mount may meet, one; the store alone is tried with all. */
const names = [
  'another’s page with 200',
  'another’s page with 200, an ETag and a time',
  'nothing with 200',
  '204',
  '302 to a login',
  '403 with another’s page',
  '404 with nothing',
  '503 SlowDown',
  'a page without end',
  'a listing without end',
  'a cut answer',
]
const answers = hostileAnswers.filter((it) => names.includes(it.name))

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

async function behindProxy(t: Test) {
  const objects = { [`${inbox}/1/known.edi`]: 'known', [`${inbox}/2/other.edi`]: 'other' }
  const flags = ['--list-ttl', '100ms', '--stale-ttl', '0s', '--op-timeout', '4s', '--settle', '0s']
  return mount(t, { proxied: true, objects, flags })
}

/** Each takes as many answers, one after the other. */
const mounts = 3
// Each has a mount of its own, and mostly waits.
t.jobs = mounts

for (let mine = 0; mine < mounts; mine += 1) {
  const some = answers.filter((_, at) => at % mounts === mine)
  const what = `every listing, body and upload answered otherwise: ${some.map((it) => it.name).join(', ')}`
  t.test(what, { timeout: 400_000 }, (t) => answeredOtherwise(t, some))
}

t.test('all of them are known', (t) => {
  t.equal(answers.length, names.length)
  t.end()
})

async function answeredOtherwise(t: Test, some: typeof answers): Promise<void> {
  const mounted = await behindProxy(t)
  const view = mounted.path('ACME', 'GLOBEX', 'inbox')
  t.same(await readdir(view), ['1', '2'])
  const sent: string[] = []
  for (const [at, { name, fault }] of some.entries()) {
    mounted.proxy.add({ fault })
    const file = `order-${at}.edi`
    await writeFile(mounted.path('ACME', 'GLOBEX', 'send', file), `content ${at}`)
    sent.push(file)
    const shown = await readdir(view).catch(codeOf)
    const isTold = shown === 'EIO' || shown === 'ETIMEDOUT' || (Array.isArray(shown) && shown.join() === '1,2')
    t.ok(isTold, `${name}: ${String(shown)}`)
    const read = await readFile(`${view}/2/other.edi`, 'utf8').catch(codeOf)
    t.ok(['EIO', 'ETIMEDOUT', 'other'].includes(read ?? ''), `${name}: ${read}`)
    await mounted.proxy.heal()
    await until(`the inbox after ${name}`, async () => (await readdir(view).catch(() => [])).join() === '1,2', 30_000)
  }
  const key = (file: string) => `AS2/send/ACME/GLOBEX/${file}`
  await until('all to be sent', () => sent.every((it) => mounted.server.get(key(it))), 60_000)
  for (const [at, file] of sent.entries()) t.equal(mounted.server.get(key(file))?.toString(), `content ${at}`)
  const puts = mounted.server.requests.list.filter((it) => it.operation === 'PutObject' && it.status === 200)
  t.same(puts.map((it) => it.key).sort(), sent.map(key).sort(), 'each once')
  await until('the all-clear', async () => (await mounted.status()).state === 'ok', 30_000)
}

t.test('answers without their length are read', async (t) => {
  const mounted = await behindProxy(t)
  const view = mounted.path('ACME', 'GLOBEX', 'inbox')
  for (const framing of ['chunked', 'close'] as const) {
    mounted.proxy.add({ fault: { framing } })
    const [folder, file] = framing === 'close' ? ['1', 'known'] : ['2', 'other']
    t.equal(await readFile(`${view}/${folder}/${file}.edi`, 'utf8'), file, framing)
    t.same(await readdir(view), ['1', '2'])
    await mounted.proxy.heal()
  }
})

t.test('an entry whose time or size can’t be read spoils no other', async (t) => {
  const mounted = await behindProxy(t)
  const etag = createHash('md5').update('short').digest('hex')
  const entry = (name: string, size: string, time: string) =>
    `<Contents><Key>${inbox}/${name}</Key><LastModified>${time}</LastModified><ETag>"${etag}"</ETag><Size>${size}</Size></Contents>`
  const time = '2026-03-03T09:30:00.000Z'
  mounted.server.put(`${inbox}/huge`, Buffer.from('short'))
  const entries = [entry('huge', '20000000000000000000', time), entry('odd', '7', 'soon'), entry('well', '7', time)]
  const body = `<ListBucketResult><Prefix>${inbox}/</Prefix><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${entries.join('')}</ListBucketResult>`
  mounted.proxy.add({ operation: 'ListObjectsV2', key: `${inbox}/`, fault: { page: { status: 200, body } } })
  const view = mounted.path('ACME', 'GLOBEX', 'inbox')
  await until('the folder', async () => (await readdir(view)).join() === 'huge,odd,well')
  t.match(await stat(`${view}/well`), { size: 7, mtimeMs: Date.parse(time) })
  t.match(await stat(`${view}/odd`), { size: 7 })
  t.equal((await stat(`${view}/huge`)).size, Number.MAX_SAFE_INTEGER)
  const { stdout, code } = await run(as2fs, ['info', `${view}/huge`])
  t.equal(code, 0)
  t.match(stdout, /huge/)
  // Its own length is told by nobody: what comes of it is not handed on as if it were all.
  t.not((await run('head', ['-c', '3', `${view}/huge`])).code, 0)
})
