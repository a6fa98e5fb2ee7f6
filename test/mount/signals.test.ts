/** Signals, to a real daemon: TERM, INT and QUIT stop it with a drain, HUP opens the logs anew, the others change nothing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
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

t.test('in its first moments a daemon is not ended by what it takes later, and opens no debugger', async (t) => {
  const mounted = await prepare(t, { flags })
  // When bin/as2fs has had its say, and nothing that it needs is loaded.
  const early = join(mounted.directory, 'early.cjs')
  const signals = "for (const it of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.kill(process.pid, it)"
  await writeFile(early, `if (process.argv.includes('mount')) setImmediate(() => { ${signals} })\n`)
  const env = { ...mounted.environment(), NODE_OPTIONS: `--require ${early}` }
  const child = spawn(process.execPath, [as2fs, 'mount', ...mounted.arguments(), '-f'], { env, stdio: 'pipe' })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'exit')
  await until(
    'the mount',
    () => said.includes('"msg":"mounted"') || child.exitCode !== null || child.signalCode !== null,
  )
  child.kill('SIGTERM')
  t.same(await ended, [0, null])
  t.match(said, /"msg":"mounted"/)
  t.notMatch(said, /Debugger/)
})

t.test('one that waits for its bucket stops at once, and leaves no mount and no lock', async (t) => {
  const mounted = await prepare(t, { flags })
  const silent = createServer()
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => silent.close())
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const args = [as2fs, 'mount', ...mounted.arguments(), '--endpoint', endpoint, '-f']
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    const child = spawn(process.execPath, args, { env: mounted.environment(), stdio: 'pipe' })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ended = once(child, 'exit')
    const [socket] = (await once(silent, 'connection')) as [Socket]
    socket.on('error', () => undefined)
    child.kill('SIGHUP')
    child.kill(signal)
    t.same(await ended, [0, null], signal)
    t.match(said, /"msg":"stopped before it was mounted"/)
    t.notOk(await isMounted(mounted.mountpoint))
  }
  await mounted.mount()
  t.equal(await mounted.kill('SIGTERM'), 0)
})

t.test('a mount in the background that a signal ends as soon as it has started the daemon leaves none', async (t) => {
  const mounted = await prepare(t, { flags })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
    const args = [as2fs, 'mount', ...mounted.arguments()]
    const child = spawn(process.execPath, args, { env: mounted.environment(), stdio: 'ignore' })
    const ended = once(child, 'exit')
    const daemon = await daemonOf(child.pid ?? 0)
    child.kill(signal)
    t.same(await ended, [130, null], signal)
    t.notOk(existsSync(`/proc/${daemon}`))
    t.notOk(await isMounted(mounted.mountpoint))
  }
})

/** Looked for in each turn of the loop: it has hardly begun when it is found. */
async function daemonOf(pid: number): Promise<string> {
  for (;;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    const daemon = children.find(
      (it) => it !== '' && readFileSync(`/proc/${it}/cmdline`, 'utf8').includes('--state-dir'),
    )
    if (daemon !== undefined) return daemon
    await nextTurn()
  }
}

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
