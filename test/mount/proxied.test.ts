/** A mount whose bucket is behind a proxy with a password: it is told how it is reached, and nobody is told the password. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import { as2fs, mount } from '../helpers/mounted.js'
import { startProxy } from '../helpers/network-servers.js'
import { run } from '../helpers/run.js'
import { inState } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

t.test('a proxy that wants another password degrades the mount, and is named without it', async (t) => {
  let isLetIn = true
  const wanted = `Basic ${Buffer.from('user:s3cr3t').toString('base64')}`
  const proxy = await startProxy(t, (it) => (isLetIn && it === wanted ? undefined : 'HTTP/1.1 407 Password Required'))
  const env = {
    HTTP_PROXY: proxy.url.replace('//', '//user:s3cr3t@'),
    NO_PROXY: '',
    no_proxy: '',
    http_proxy: undefined,
  }
  const objects = { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' }
  const mounted = await mount(t, { objects, env, flags: ['--list-ttl', '300ms'] })
  const { log, mountpoint } = mounted
  t.same(await readdir(mounted.path('ACME/GLOBEX/inbox')), ['1'])
  const shown = `${proxy.url} (HTTP_PROXY)`
  t.equal((await mounted.status()).proxy, shown)

  isLetIn = false
  await until('the problem', async () => {
    await readdir(mounted.path('ACME/GLOBEX/inbox')).catch(() => undefined)
    return (await mounted.status()).problems.some((it) =>
      it.includes(`the proxy ${shown} wants another user and password`),
    )
  })
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'UNB+UNOC')
  const row = await until('a try', async () => {
    const found = await inState(mounted, 'order.edi', 'queued')
    return found.error === undefined ? undefined : found
  })
  t.match(row.error, /wants another user and password/)

  const told = await Promise.all([
    run(process.execPath, [as2fs, 'status', mountpoint]),
    run(process.execPath, [as2fs, 'status', '--json', mountpoint]),
    run(process.execPath, [as2fs, 'queue', '--json', mountpoint]),
    run(process.execPath, [as2fs, 'events', '--json', mountpoint]),
    run('cat', [`/proc/${mounted.pid}/cmdline`]),
  ])
  for (const { code, stdout } of told) t.equal(code, 0, stdout.slice(0, 40))
  t.match(told[0].stdout, shown)

  isLetIn = true
  t.equal(String(await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')), 'UNB+UNOC')
  await until('all well', async () => (await mounted.status()).state === 'ok')
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/order.edi'])
  const files = await Promise.all(
    ['status.json', 'queue.json'].map((it) => readFile(mounted.path('.as2fs', it), 'utf8')),
  )
  t.notMatch([log, mounted.log, ...files, ...told.map((it) => it.stdout + it.stderr)].join('\n'), /s3cr3t|dXNlcjpzM2/)
})
