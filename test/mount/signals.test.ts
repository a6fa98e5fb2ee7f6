/** Signals, to a real daemon: TERM, INT and QUIT stop it with a drain, HUP opens the logs anew, the others change nothing. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { as2fs, isMounted, mount, prepare } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX']

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
  t.test(`${signal} sends what waits, and leaves no mount`, async (t) => {
    const mounted = await mount(t, { flags: [...flags, '--settle', '1h'] })
    await writeFile(mounted.path('ACME/GLOBEX/send/a.edi'), 'a')
    t.equal(await mounted.kill(signal), 0)
    t.notOk(await isMounted(mounted.mountpoint))
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.edi'])
  })
}

t.test('SIGUSR1 and SIGUSR2 change nothing: no debugger opens, and the mount goes on', async (t) => {
  const mounted = await mount(t, { flags })
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGUSR1'] as const) process.kill(mounted.pid, signal)
  await writeFile(mounted.path('ACME/GLOBEX/send/a.edi'), 'a')
  t.equal(String(await mounted.inBucket('AS2/send/ACME/GLOBEX/a.edi')), 'a')
  t.notMatch(mounted.log, /Debugger/)
  t.equal((await mounted.status()).state, 'ok')
  t.equal(await mounted.kill('SIGTERM'), 0)
})

t.test('a debugger that was opened before as2fs had a say is closed', async (t) => {
  const mounted = await prepare(t, { flags })
  // What a SIGUSR1 does in the first moments of the process.
  const early = join(mounted.directory, 'early.cjs')
  await writeFile(early, "require('node:inspector').open(0, '127.0.0.1')\n")
  const env = { ...mounted.environment(), NODE_OPTIONS: `--require ${early}` }
  const { code, stderr } = await run(process.execPath, [as2fs, 'mount', ...mounted.arguments()], { env })
  t.match([code, stderr], [0, /Debugger listening/])
  const log = await readFile(join(mounted.stateDirectory, 'as2fs.log'), 'utf8')
  const port = /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(log)?.[1]
  await t.rejects(fetch(`http://127.0.0.1:${port ?? ''}/json/version`), { cause: { code: 'ECONNREFUSED' } })
  const { pid } = await mounted.status()
  process.kill(pid, 'SIGTERM')
  await until('the end', async () => !(await isMounted(mounted.mountpoint)))
})

t.test('SIGHUP opens the logs anew, and the mount stays', async (t) => {
  const mounted = await prepare(t, { flags })
  const logFile = join(mounted.directory, 'as2fs.log')
  const audit = join(mounted.directory, 'audit')
  await mounted.mount(['--log-file', logFile, '--audit-log', audit])
  for (const it of [logFile, audit]) await rename(it, `${it}.1`)
  process.kill(mounted.pid, 'SIGHUP')
  const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
  await until('the new log', async () => (await text(logFile)).includes('opened anew'))
  await until('the new audit trail', async () => (await readFile(audit).catch(() => undefined)) !== undefined)
  await writeFile(mounted.path('ACME/GLOBEX/send/a.edi'), 'a')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/a.edi')
  await until('the entry', async () => (await text(audit)).includes('"submitted"'))
  t.match(await text(`${logFile}.1`), /"mounted"/)
  t.notMatch(await text(`${logFile}.1`), /opened anew/)
  t.ok(await isMounted(mounted.mountpoint))
  t.equal(await mounted.kill('SIGTERM'), 0)
})

t.test('in the background it is the same', async (t) => {
  const mounted = await prepare(t, { flags })
  const started = await run(process.execPath, [as2fs, 'mount', ...mounted.arguments()], { env: mounted.environment() })
  t.same([started.code, started.stderr], [0, ''])
  const { pid } = await mounted.status()
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const) process.kill(pid, signal)
  await writeFile(mounted.path('ACME/GLOBEX/send/a.edi'), 'a')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/a.edi')
  const log = await readFile(join(mounted.stateDirectory, 'as2fs.log'), 'utf8')
  t.match(log, /opened anew/)
  t.notMatch(log, /Debugger/)
  process.kill(pid, 'SIGQUIT')
  await until('the end', async () => !(await isMounted(mounted.mountpoint)))
})
