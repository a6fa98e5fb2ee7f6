/** Folders that the binding answers for by itself: what is told of them is never wrong for longer than it would be without. */
import { open, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ControlClient } from '../../src/control/client.js'
import { mount, type Mounted } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const prefix = 'AS2/files/ACME/GLOBEX/inbox/'
const ttl = ['--list-ttl', '300ms']

/** Calls that came to JavaScript, and those that did not. */
async function calls(mounted: Mounted): Promise<{ calls: number; answeredByBinding: number }> {
  const { calls } = await new ControlClient(mounted.stateDirectory).status()
  if (!calls) throw new Error('not mounted')
  return calls
}

function messages(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`${prefix}${720_784_109_390_000 + n}/order.edi`, `message ${n}`]),
  )
}

t.test('who walks through an inbox is answered by the binding, nearly always, and as without it', async (t) => {
  const mounted = await mount(t, { objects: messages(500), flags: ['--list-ttl', '1m', '--umask', '027'] })
  const inbox = mounted.path('ACME/GLOBEX/inbox')
  const one = await stat(join(inbox, '720784109390007/order.edi'))
  const before = await calls(mounted)
  const shown = await sh(`find ${inbox} -type f -printf '%P %s %m %U %G %n %b %Ts\n' | sort`)
  const after = await calls(mounted)
  const lines = shown.trimEnd().split('\n')
  t.equal(lines.length, 500)
  const { size, uid, gid, nlink, blocks } = one
  const time = Math.floor(one.mtimeMs / 1000)
  t.equal(lines[7], `720784109390007/order.edi ${size} 440 ${uid} ${gid} ${nlink} ${blocks} ${time}`)
  t.ok(after.calls - before.calls < 100, `${after.calls - before.calls} calls`)
  t.ok(after.answeredByBinding - before.answeredByBinding >= 1_000)
  t.equal(await sh(`ls ${inbox}/720784109390007`), 'order.edi\n')
})

t.test('who looks at all that he finds in a large folder is told of many at a time', async (t) => {
  const count = 2_000
  const objects: Record<string, string> = {}
  for (let n = 0; n < count; n += 1) objects[`${prefix}order-${n}.edi`] = `message ${n}`
  const mounted = await mount(t, { objects, flags: ['--list-ttl', '1m'] })
  const inbox = mounted.path('ACME/GLOBEX/inbox')
  const before = await calls(mounted)
  const shown = await sh(`ls -l ${inbox}`)
  const after = await calls(mounted)
  const sizes = shown
    .split('\n')
    .flatMap((line) => / (\d+) \w+ +\d+ [\d:]+ order-(\d+)\.edi$/.exec(line)?.slice(1) ?? [])
  t.equal(sizes.length, 2 * count)
  for (let i = 0; i < sizes.length; i += 2) t.equal(sizes[i], String(`message ${sizes[i + 1]}`.length))
  const made = after.calls + after.answeredByBinding - before.calls - before.answeredByBinding
  t.ok(made < count / 4, `${made} calls`)
  const one = await stat(join(inbox, 'order-7.edi'))
  t.equal(one.size, 9)
})

t.test('what arrives and what goes is seen in time by who has just read the folder', async (t) => {
  const mounted = await mount(t, { objects: messages(20), flags: ttl })
  const inbox = mounted.path('ACME/GLOBEX/inbox')
  t.equal((await sh(`ls -lR ${inbox}`)).match(/order\.edi/g)?.length, 20)
  mounted.server.put(`${prefix}720784109390005/invoice.edi`, Buffer.from('x'))
  mounted.server.put(`${prefix}720784109399999/order.edi`, Buffer.from('x'))
  mounted.server.delete(`${prefix}720784109390003/order.edi`)
  const since = Date.now()
  await until('all of it', async () => {
    const names = await readdir(inbox)
    const within = await readdir(join(inbox, '720784109390005'))
    return names.includes('720784109399999') && !names.includes('720784109390003') && within.length === 2
  })
  t.ok(Date.now() - since < 3_000, `${Date.now() - since} ms`)
  t.equal((await stat(join(inbox, '720784109390005/invoice.edi'))).size, 1)
  // Not there, and asked for a moment ago: nobody keeps that.
  await t.rejects(stat(join(inbox, '720784109390005/late.edi')), { code: 'ENOENT' })
  mounted.server.put(`${prefix}720784109390005/late.edi`, Buffer.from('x'))
  await until('late.edi', async () =>
    stat(join(inbox, '720784109390005/late.edi')).then(
      () => true,
      () => false,
    ),
  )
})

for (const [folder, others] of [
  ['a folder', 0],
  ['a folder that is told of with attributes', 100],
] as const) {
  t.test(
    `an object in ${folder} that was replaced is read whole, whatever the kernel still thinks of its size`,
    async (t) => {
      const files = ['shorter', 'longer', 'long'].map((name, i) => ({
        name,
        content: 'new '.repeat([1, 5, 5_000][i] ?? 0),
      }))
      const objects = Object.fromEntries(files.map(({ name }) => [`${prefix}1/${name}`, 'before it']))
      for (let n = 0; n < others; n += 1) objects[`${prefix}1/another-${n}`] = 'x'
      const mounted = await mount(t, { objects, flags: ttl })
      const control = new ControlClient(mounted.stateDirectory)
      const inbox = mounted.path('ACME/GLOBEX/inbox')
      for (const { name, content } of files) {
        await sh(`ls -lR ${inbox}`)
        mounted.server.put(`${prefix}1/${name}`, Buffer.from(content))
        const since = Date.now()
        await until('another listing', async () => {
          await readdir(inbox)
          const { listings } = await control.status()
          return listings.some((it) => it.prefix === prefix && (it.listedAt ?? 0) > since)
        })
        t.equal(await sh(`cat ${inbox}/1/${name}`), content, `${name}, read to its end`)
        t.equal(await readFile(join(inbox, '1', name), 'utf8'), content, `${name}, as far as fstat says`)
        await until('its size', async () => (await sh(`ls -l ${inbox}/1`)).includes(` ${content.length} `))
      }
    },
  )
}

t.test('a GET that finds nothing takes it out at once', async (t) => {
  const mounted = await mount(t, { objects: messages(3), flags: ['--list-ttl', '1m'] })
  const folder = mounted.path('ACME/GLOBEX/inbox/720784109390001')
  await sh(`ls -lR ${mounted.path('ACME/GLOBEX/inbox')}`)
  mounted.server.delete(`${prefix}720784109390001/order.edi`)
  await t.rejects(readFile(join(folder, 'order.edi')), { code: 'ENOENT' })
  await until('its end', async () => !(await readdir(mounted.path('ACME/GLOBEX/inbox'))).includes('720784109390001'))
})

t.test('send/ is never answered for: what is done there is seen at once', async (t) => {
  const flags = ['--list-ttl', '1m', '--settle', '1m']
  const mounted = await mount(t, { objects: { 'AS2/send/ACME/GLOBEX/there.edi': 'x' }, flags })
  const send = mounted.path('ACME/GLOBEX/send')
  await sh(`ls -l ${send}`)
  const before = await calls(mounted)
  for (let n = 0; n < 20; n += 1) {
    await writeFile(join(send, `${n}.edi`), 'one')
    t.ok((await readdir(send)).includes(`${n}.edi`))
    const file = await open(join(send, `${n}.edi`), 'a')
    await file.write(' more')
    await file.close()
    t.equal((await stat(join(send, `${n}.edi`))).size, 8)
    await rename(join(send, `${n}.edi`), join(send, `${n}.xml`))
    await t.rejects(stat(join(send, `${n}.edi`)), { code: 'ENOENT' })
    await unlink(join(send, `${n}.xml`))
    t.same(await readdir(send), ['there.edi'])
  }
  t.equal((await calls(mounted)).answeredByBinding, before.answeredByBinding)
})
