/** A listing of which one entry makes no sense: that one is shown as far as it goes, and all others as ever. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import t from 'tap'
import { as2fs, prepare } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const prefix = 'AS2/files/ACME/GLOBEX/inbox/'

function contents(name: string, size: string, time: string): string {
  const etag = `&quot;${createHash('md5').update('hello').digest('hex')}&quot;`
  return `<Contents><Key>${prefix}${name}</Key><LastModified>${time}</LastModified><ETag>${etag}</ETag><Size>${size}</Size></Contents>`
}

const time = '2026-03-02T10:00:00.000Z'
const page = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>mftg-test</Name><Prefix>${prefix}</Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>
${contents('a.edi', '5', time)}
${contents('huge.edi', '20000000000000000000', time)}
${contents('negative.edi', '-5', time)}
${contents('timeless.edi', '5', 'the day before yesterday')}
${contents('z.edi', '5', time)}
</ListBucketResult>`

t.test('a time that can’t be read, a size that no file has', async (t) => {
  const mounted = await prepare(t, { flags: ['--list-ttl', '200ms', '--op-timeout', '4s'], proxied: true })
  for (const name of ['a.edi', 'timeless.edi']) mounted.server.put(`${prefix}${name}`, Buffer.from('hello'))
  const fault = { page: { status: 200, headers: { 'content-type': 'application/xml' }, body: page } }
  mounted.proxy.add({ operation: 'ListObjectsV2', key: prefix, fault })
  await mounted.mount()
  const view = mounted.path('ACME/GLOBEX/inbox')
  const names = ['a.edi', 'huge.edi', 'negative.edi', 'timeless.edi', 'z.edi']
  t.same(await readdir(view), names)

  await t.test('all are listed with all that is known of them', async (t) => {
    const lines = (await sh(`ls -l ${view}`)).trim().split('\n').slice(1)
    t.equal(lines.length, names.length)
    for (const name of names) {
      const { size, mtimeMs } = await stat(`${view}/${name}`)
      t.ok(size >= 5, `${name}: ${size}`)
      t.ok(mtimeMs > 0, `${name}: ${mtimeMs}`)
    }
    t.match(await stat(`${view}/a.edi`), { size: 5, mtimeMs: Date.parse(time) })
    t.match(await stat(`${view}/timeless.edi`), { size: 5 })
    t.ok((await stat(view)).mtimeMs > 0)
  })
  await t.test('info tells of each', async (t) => {
    for (const name of names) {
      const { code, stdout, stderr } = await run(process.execPath, [as2fs, 'info', `${view}/${name}`])
      t.equal(code, 0, `${stdout}${stderr}`)
      t.match(stdout, `${prefix}${name}`)
      t.notMatch(stdout, /NaN|undefined|Invalid/)
    }
  })
  await t.test('a look that finds the same finds no change', async (t) => {
    const { mtimeMs } = await stat(`${view}/timeless.edi`)
    const before = mounted.proxy.requests.length
    await until('another listing', async () => {
      await readdir(view)
      return mounted.proxy.requests.slice(before).some((it) => it.operation === 'ListObjectsV2' && it.key === prefix)
    })
    t.equal((await stat(`${view}/timeless.edi`)).mtimeMs, mtimeMs)
  })
  await t.test('what can’t be read fails in words, the rest is read', async (t) => {
    await t.rejects(readFile(`${view}/huge.edi`), 'there are no such bytes')
    const { stderr } = await run('head', ['-c', '1', `${view}/huge.edi`])
    t.match(stderr, /head: /)
    for (const name of ['a.edi', 'timeless.edi']) t.equal(await readFile(`${view}/${name}`, 'utf8'), 'hello')
  })
})
