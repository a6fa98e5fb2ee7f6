/** `as2fs queue --state-dir`: what waits can be seen and changed without a mount, and a daemon that runs is asked. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { QueueReport } from '../../src/control/reports.js'
import { as2fs, prepare } from '../helpers/mounted.js'
import { run, type Outcome } from '../helpers/run.js'
import { inState, taken } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX', '--settle', '1s']
const mounted = await prepare(t, { flags, proxied: true })
const audit = join(mounted.directory, 'audit')

function queue(...args: readonly string[]): Promise<Outcome> {
  return run(process.execPath, [as2fs, 'queue', '--state-dir', mounted.stateDirectory, ...args])
}

async function rows(): Promise<Record<string, string>> {
  const { stdout } = await queue('--json')
  return Object.fromEntries((JSON.parse(stdout) as QueueReport).rows.map((it) => [it.path, it.state]))
}

/** From another PID and network namespace, as of a second container with the same state directory. */
async function fromElsewhere(t: Test): Promise<void> {
  const elsewhere = (...args: readonly string[]): Promise<Outcome> =>
    run('unshare', ['--pid', '--net', '--fork', '--kill-child', '--mount-proc', process.execPath, as2fs, ...args], {
      env: mounted.environment(),
    })
  const asked = await elsewhere('queue', '--state-dir', mounted.stateDirectory)
  t.match(asked.stdout, /a\.edi +5 B/)
  t.notMatch(asked.stdout, /Nothing of it is sent until/)
  const other = join(mounted.directory, 'other')
  await mkdir(other)
  const second = await elsewhere(
    'mount',
    ...mounted.arguments().map((it) => (it === mounted.mountpoint ? other : it)),
    '-f',
  )
  t.match(second, { code: 1, stderr: /is mounted at .* by a process of another container/ })
}

t.test('a daemon that runs is asked', async (t) => {
  await mounted.mount(['--audit-log', audit])
  await mounted.proxy.refuseConnections()
  for (const name of ['a.edi', 'b.edi', 'c.tmp']) await writeFile(mounted.path('ACME/GLOBEX/send', name), name)
  await inState(mounted, 'b.edi', 'queued')
  const seen = await rows()
  t.same(Object.keys(seen).sort(), ['a.edi', 'b.edi', 'c.tmp'])
  t.equal(seen['c.tmp'], 'held')
  // Only root may make a PID namespace.
  if (process.geteuid?.() === 0) await fromElsewhere(t)
  // While it is being tried it is refused.
  const again = await until('a pause between tries', async () => {
    const outcome = await queue('retry', 'b.edi')
    return outcome.code === 0 && outcome
  })
  t.equal(again.stdout, 'b.edi is tried again now.\n')
  t.equal(await mounted.kill('SIGKILL'), 'SIGKILL')
})

t.test('without one, what is on disk is shown, and stays as it is', async (t) => {
  const journal = join(mounted.stateDirectory, 'spool', 'journal')
  const before = await readFile(journal)
  const { code, stdout, stderr } = await queue()
  t.same([code, stderr], [0, ''])
  t.match(stdout, /ACME\/GLOBEX +a\.edi +5 B +queued/)
  t.match(stdout, /ACME\/GLOBEX +c\.tmp +5 B +held \(unfinished name\)/)
  t.match(stdout, /Nothing of it is sent until/)
  t.ok(before.equals(await readFile(journal)))
})

t.test('it can be changed: the next mount goes on with that, and tells of it', async (t) => {
  t.match(await queue('release', 'a.edi'), { code: 1, stderr: 'as2fs: a.edi is queued, not held.\n' })
  t.match(await queue('cancel', 'nothing'), { code: 1, stderr: /There is no file 'nothing'/ })
  t.match(await queue('cancel', 'ACME/GLOBEX/a.edi'), { code: 0, stdout: 'ACME/GLOBEX/a.edi is cancelled.\n' })
  t.match(await queue('release', 'c.tmp'), { code: 0, stdout: /^c\.tmp is released: the next mount sends it, unless / })
  t.same(await rows(), { 'b.edi': 'queued', 'c.tmp': 'queued' })
  await mounted.proxy.heal()
  await mounted.mount(['--audit-log', audit])
  for (const name of ['b.edi', 'c.tmp']) await mounted.inBucket(`AS2/send/ACME/GLOBEX/${name}`)
  await until('the entry', async () => /"event":"cancelled"[^\n]*"name":"a\.edi"/.test(await readFile(audit, 'utf8')))
  for (const name of ['b.edi', 'c.tmp']) {
    mounted.server.delete(`AS2/send/ACME/GLOBEX/${name}`)
    await taken(mounted, name)
  }
  t.same(mounted.puts().sort(), ['AS2/send/ACME/GLOBEX/b.edi', 'AS2/send/ACME/GLOBEX/c.tmp'])
})

t.test('other directories are refused with a sentence', async (t) => {
  const other = await run(process.execPath, [as2fs, 'queue', '--state-dir', t.testdir({})])
  t.match(other, { code: 1, stderr: /^as2fs: .* is not a state directory of as2fs/ })
  const none = await run(process.execPath, [as2fs, 'queue'])
  t.match(none, { code: 1, stderr: /Something is missing/ })
})
