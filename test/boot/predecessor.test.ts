/** A mount that follows while the daemon before it drains, and one that meets a daemon that stays. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { as2fs, isMounted, mount, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

interface Again {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  readonly stderr: () => string
}

function again(mounted: Mounted, ...more: string[]): Again {
  const words = [as2fs, 'mount', ...mounted.arguments(), ...more]
  const child = spawn(process.execPath, words, { env: mounted.environment(), stdio: ['ignore', 'ignore', 'pipe'] })
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (it: string) => (text += it))
  const ended = (once(child, 'close') as Promise<[number | null]>).then(([code]) => code)
  return { child, ended, stderr: () => text }
}

async function unmounting(mounted: Mounted): Promise<void> {
  await until('the unmount', async () => !(await isMounted(mounted.mountpoint)))
}

t.test('a mount waits for the drain of the daemon before it, and says so', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX'] })
  mounted.server.intercept = (operation) => (operation === 'PutObject' ? { status: 503, code: 'SlowDown' } : undefined)
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'ISA*00*')
  const { pid } = mounted
  const ended = mounted.kill('SIGTERM')
  await unmounting(mounted)
  const second = again(mounted)
  await until('the second to say that it waits', () => second.stderr().includes('waiting for its end'))
  t.equal(second.child.exitCode, null, 'it waits')
  mounted.server.intercept = undefined
  t.equal(await ended, 0)
  t.equal(await second.ended, 0)
  t.equal(
    second.stderr(),
    `as2fs: The daemon before (process ${pid}) still uploads what waits: waiting for its end, for 150 s at most.\n`,
  )
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/order.edi'], 'it was sent once')
  t.equal((await run(process.execPath, [as2fs, 'umount', mounted.mountpoint])).code, 0)
})

t.test('nobody waits for a daemon that stays, whether it answers or not', async (t) => {
  const mounted = await mount(t)
  const second = again(mounted)
  t.equal(await second.ended, 1)
  t.match(second.stderr(), /mounted (at|on)/)
  process.kill(mounted.pid, 'SIGSTOP')
  t.teardown(() => process.kill(mounted.pid, 'SIGCONT'))
  const began = performance.now()
  t.equal(await again(mounted).ended, 1)
  t.ok(performance.now() - began < 14_000, 'before one would give up')
  process.kill(mounted.pid, 'SIGCONT')
})

t.test('who waits can be told not to', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--drain', '10s'] })
  mounted.server.intercept = (operation) => (operation === 'PutObject' ? { status: 503, code: 'SlowDown' } : undefined)
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'ISA*00*')
  const ended = mounted.kill('SIGTERM')
  await unmounting(mounted)
  const second = again(mounted, '-f')
  await until('the second to say that it waits', () => second.stderr().includes('waiting for its end'))
  second.child.kill('SIGTERM')
  t.equal(await second.ended, 0, 'as a daemon ends by it')
  t.notOk(await isMounted(mounted.mountpoint))
  mounted.server.intercept = undefined
  t.equal(await ended, 0)
})
