/** The log of a real mount: who reads it holds nobody up, and what is in it: no line of a quiet day, no secret ever. */
import { spawn } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { as2fs, credentials, isMounted, mount, prepare } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

interface Line {
  readonly level: number
  readonly msg: string
  readonly code?: string
  readonly path?: string
}
const linesOf = (log: string): Line[] =>
  log
    .trim()
    .split('\n')
    .map((it) => JSON.parse(it) as Line)
const station = ['--station', 'ACME/GLOBEX']

for (const kind of ['a socket', 'a pipe'] as const) {
  t.test(`nobody waits for a reader of ${kind} that reads no more`, async (t) => {
    const mounted = await prepare(t, { flags: [...station, '--log-level', 'debug'] })
    const args = [process.execPath, as2fs, 'mount', ...mounted.arguments(), '-f']
    // Node gives its children sockets; a shell has pipes.
    const [command = '', ...rest] = kind === 'a socket' ? args : ['sh', '-c', '"$@" 2>&1 | sleep 1000', 'sh', ...args]
    const child = spawn(command, rest, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: mounted.environment(),
      detached: true,
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    t.teardown(async () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
      await ended
      await until('the end', async () => !(await isMounted(mounted.mountpoint)))
    })
    await until('the mount', () => isMounted(mounted.mountpoint))
    // More than a pipe, a socket, and what is kept beside them can hold.
    for (let i = 0; i < 4_000; i += 1) await stat(mounted.path('ACME/GLOBEX/inbox', `no-${i}`)).catch(() => undefined)
    await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'ISA*00*')
    await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')
  })
}

t.test('a log on a full disk stops nobody', async (t) => {
  const mounted = await prepare(t, { flags: [...station, '--log-level', 'debug', '--log-file', '/dev/full'] })
  await mounted.mount()
  for (let i = 0; i < 2_000; i += 1) await stat(mounted.path('ACME/GLOBEX/inbox', `no-${i}`)).catch(() => undefined)
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'ISA*00*')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')
  t.equal(await mounted.kill('SIGTERM'), 0)
})

t.test('what goes to the journal has a priority, and so has a sentence of no start', async (t) => {
  const journal = 'export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); exec "$@"'
  const mounted = await prepare(t, { flags: station, launcher: ['sh', '-c', journal, 'sh'] })
  await mounted.mount()
  const second = ['-c', journal, 'sh', as2fs, 'mount', ...mounted.arguments(), '-f']
  const { stderr } = await run('sh', second, { env: mounted.environment() })
  t.match(stderr, /^<3>as2fs: .*\n$/)
  t.equal(await mounted.kill('SIGTERM'), 0)
  const lines = mounted.log.trim().split('\n')
  t.ok(lines.length > 1 && lines.every((it) => /^<[346]>\{"level":\d+,.*\}$/.test(it)), mounted.log)
})

t.test('a quiet day is quiet: who polls makes no line', async (t) => {
  // A day of looks, and of what happens every ten minutes, in seconds.
  const ttl = ['--list-ttl', '20ms', '--reconcile', '1s', '--stale-ttl', '1s', '--mdn-overdue', '1s']
  const objects = {
    'AS2/files/ACME/GLOBEX/inbox/7207841093900001/order.edi': 'ISA*00*',
    'AS2/files/ACME/GLOBEX/outbox/7207841093900002/answer.edi': 'ISA*00*',
    'AS2/raw-mdn/incoming/ACME/GLOBEX/7207841093900002.mdn': 'no receipt',
  }
  const mounted = await mount(t, {
    flags: [...station, ...ttl, '--disk-cache', join(t.testdir(), 'cache')],
    objects,
    env: {},
  })
  await writeFile(mounted.path('ACME/GLOBEX/new/list.lock'), '')
  const before = mounted.log
  const end = performance.now() + 3_000
  for (let round = 0; performance.now() < end; round += 1) {
    for (const folder of ['inbox', 'new', 'outbox', 'delivery/pending', 'send', 'mdn/incoming'])
      await readdir(mounted.path('ACME/GLOBEX', folder))
    await readFile(mounted.path('ACME/GLOBEX/inbox/7207841093900001/order.edi'))
    await stat(mounted.path('ACME/GLOBEX/inbox/nothing.edi')).catch(() => undefined)
    await writeFile(mounted.path('ACME/GLOBEX/inbox/mine.edi'), '').catch(() => undefined)
    if (round % 20 === 0) await mounted.status()
  }
  t.equal(mounted.log.slice(before.length), '')
})

t.test('an outage is a line at its beginning and at its end, whoever polls meanwhile', async (t) => {
  const mounted = await mount(t, { flags: [...station, '--list-ttl', '0s', '--stale-ttl', '0s'], proxied: true })
  const before = mounted.log
  const added = (): Line[] => linesOf(mounted.log.slice(before.length))
  await mounted.proxy.refuseConnections()
  const polled = async (): Promise<void> =>
    readdir(mounted.path('ACME/GLOBEX/inbox')).then(
      () => undefined,
      () => undefined,
    )
  const saying = (text: string) => async () => {
    await polled()
    return mounted.log.slice(before.length).includes(text)
  }
  await until('the loss', saying("can't be used"))
  await mounted.proxy.heal()
  await until('its end', saying('can be used again'))
  const warnings = added().filter((it) => it.level >= 40)
  const calls = warnings.flatMap((it) => ('code' in it ? [`${it.code} ${it.path}`] : []))
  t.equal(warnings.length - calls.length, 1, 'the loss')
  t.same(calls, [...new Set(calls)], 'and what failed, once')
})

t.test('SIGHUP reads the level once more, from the configuration file alone', async (t) => {
  const config = join(t.testdir(), 'as2fs.yaml')
  const set = (level: string): Promise<void> => writeFile(config, `log-level: ${level}\n`)
  await set('warn')
  const mounted = await prepare(t, { flags: [...station, '--config', config] })
  await mounted.mount()
  const hup = async (says: string): Promise<void> => {
    const before = mounted.log.length
    process.kill(mounted.pid, 'SIGHUP')
    await until(says, () => mounted.log.slice(before).includes(says))
  }
  await set('debug')
  await hup(`The log level is debug (log-level in ${config}).`)
  await stat(mounted.path('ACME/GLOBEX/inbox/nothing.edi')).catch(() => undefined)
  t.match(mounted.log, /"level":20,.*nothing\.edi/)
  await set('loud')
  await hup('The log level stays as it is: log-level in')
  await set('info')
  await hup('The log level is info')
  await mounted.kill('SIGTERM')
  await mounted.mount(['--log-level', 'info'])
  await set('debug')
  await hup('The log level is info (--log-level).')
})

t.test('no secret is in the log, whatever fails and however much is said', async (t) => {
  const csv = join(t.testdir(), 'keys.csv')
  const secrets = [credentials.secretKey, 'another-secret-key', 'token-of-a-session', 'password-of-the-proxy']
  const [secret = '', other = '', token = '', password = ''] = secrets
  await writeFile(csv, `Access key ID,Secret access key\n${credentials.accessKey},${secret}\n`, { mode: 0o600 })
  const env = {
    AWS_SESSION_TOKEN: token,
    AWS_SECRET_ACCESS_KEY: other,
    HTTP_PROXY: `http://user:${password}@127.0.0.1:1`,
    NO_PROXY: '127.0.0.1',
  }
  const mounted = await mount(t, {
    flags: [...station, '--log-level', 'debug', '--credentials-csv', csv, '--drain', '0s'],
    env,
    proxied: true,
  })
  await writeFile(csv, `Access key ID,Secret access key\n${credentials.accessKey},${other}\n`)
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'ISA*00*')
  await until('the refusal', async () => (await mounted.status()).problems.length > 0)
  await readdir(mounted.path('ACME/GLOBEX/inbox')).catch(() => undefined)
  await mounted.proxy.refuseConnections()
  await until('the outage', async () => {
    await readdir(mounted.path('ACME/GLOBEX/outbox')).catch(() => undefined)
    return mounted.log.includes('"level":40')
  })
  const { stdout: said } = await run(as2fs, ['status', mounted.mountpoint, '--json'])
  for (const it of secrets) {
    t.notOk(mounted.log.includes(it), 'the log')
    t.notOk(said.includes(it), 'status')
  }
})
