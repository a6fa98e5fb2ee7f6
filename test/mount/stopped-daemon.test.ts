/** The commands beside a mount whose daemon does not answer: each ends by itself, with a sentence. */
import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { isDeadMount } from '../../src/fuse/unmount.js'
import { as2fs, mount } from '../helpers/mounted.js'
import { run, type Outcome } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const key = 'AS2/files/ACME/GLOBEX/inbox/order.edi'

function command(...words: string[]): Promise<Outcome> {
  return run('timeout', ['-s', 'KILL', '60', process.execPath, as2fs, ...words])
}

t.test('no command waits for a daemon that is stopped', async (t) => {
  const mounted = await mount(t, { objects: { [key]: 'ISA*00*' } })
  const { mountpoint, pid } = mounted
  process.kill(pid, 'SIGSTOP')
  t.teardown(() => process.kill(pid, 'SIGCONT'))
  const [status, info, again, umount, dead] = await Promise.all([
    command('status', mountpoint),
    command('info', mounted.path('ACME/GLOBEX/inbox/order.edi')),
    command('mount', ...mounted.arguments()),
    command('umount', mountpoint),
    isDeadMount(mountpoint),
  ])
  t.match(status, { code: 1, stdout: /silent\n.*It does not answer/ })
  t.match(info, { code: 1, stderr: /^as2fs: .* does not answer, .*\.\n$/ })
  t.match(again, { code: 1, stderr: /^as2fs: .*\n$/ })
  t.match(umount, { code: 1, stderr: /^as2fs: .* does not answer, .*\.\n$/ })
  t.notOk(dead, 'it hangs, but is not dead')
  process.kill(pid, 'SIGCONT')
  t.match(await command('info', mounted.path('ACME/GLOBEX/inbox/order.edi')), { code: 0, stdout: /inbox\/order\.edi/ })
})

t.test('what was told as not done is not done when the daemon goes on', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX'] })
  const send = (name: string): string => mounted.path('ACME/GLOBEX/send', name)
  for (const name of ['kept.tmp', 'held.tmp']) await writeFile(send(name), 'ISA')
  await until('them to be held', async () => (await mounted.queue()).rows.every((it) => it.state === 'held'))
  process.kill(mounted.pid, 'SIGSTOP')
  t.teardown(() => process.kill(mounted.pid, 'SIGCONT'))
  const queue = (...words: string[]) => command('queue', '--state-dir', mounted.stateDirectory, ...words)
  const told = await Promise.all([queue('cancel', 'kept.tmp'), queue('release', 'held.tmp')])
  for (const it of told) t.match(it, { code: 1, stderr: /does not answer/ })
  process.kill(mounted.pid, 'SIGCONT')
  // Asked after them, it is answered after them.
  const { rows } = await mounted.queue()
  t.same(rows.map((it) => [it.path, it.state]).sort(), [
    ['held.tmp', 'held'],
    ['kept.tmp', 'held'],
  ])
  t.match(await queue('cancel', 'kept.tmp'), { code: 0 })
})
