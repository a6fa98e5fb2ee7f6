/** A real daemon, and a service manager that is played: what it is told over the socket. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, isMounted, prepare, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

/** As systemd it takes who sends by the kernel's word. */
const manager = `
import socket, struct, sys
address = sys.argv[1]
it = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
it.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
it.bind("\\0" + address[1:] if address[0] == "@" else address)
print("listening", flush=True)
while True:
    message, control, _, _ = it.recvmsg(65536, 64)
    print(struct.unpack("iii", control[0][2])[0], message.decode().replace("\\n", "|"), flush=True)
`

async function listen(t: Test, address: string): Promise<string[]> {
  const child = spawn('python3', ['-c', manager, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const lines: string[] = []
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    const whole = (text += more).split('\n')
    text = whole.pop() ?? ''
    lines.push(...whole)
  })
  await until('the manager', () => lines.shift() === 'listening')
  return lines
}

function told(mounted: Mounted, lines: readonly string[]): readonly string[] {
  return lines.filter((it) => it.startsWith(`${mounted.pid} `)).map((it) => it.slice(it.indexOf(' ') + 1))
}

for (const kind of ['a path', 'an abstract name'] as const) {
  t.test(`by ${kind} it is told that the mount is ready, how it is, that it lives, and that it ends`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'as2fs-notify-'))
    t.teardown(() => rm(folder, { recursive: true }))
    const address = kind === 'a path' ? join(folder, 'socket') : `@as2fs-test-${process.pid}`
    const lines = await listen(t, address)
    const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '2000000' }
    const mounted = await prepare(t, { env, flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
    await mounted.mount()
    const { mountpoint } = mounted
    await until('the first word', () => told(mounted, lines).length > 0)
    t.equal(told(mounted, lines)[0], `READY=1|WATCHDOG=1|STATUS=${mountpoint} is well. Nothing waits to be sent.`)
    await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'ISA*00*')
    const waits = `STATUS=${mountpoint} is well. 1 file waits to be sent.`
    await until('the word of what waits', () => told(mounted, lines).some((it) => it.endsWith(waits)))
    await until('a sign of life', () => told(mounted, lines).filter((it) => it.startsWith('WATCHDOG=1')).length > 1)
    const { pid } = mounted
    t.equal(await mounted.kill('SIGTERM'), 0)
    const last = await until('the last word', () => lines.find((it) => it.startsWith(`${pid} STOPPING`)))
    t.match(
      last,
      'STOPPING=1|STATUS=Unmounting: 1 file waits, and are uploaded for up to 30 s.|EXTEND_TIMEOUT_USEC=75000000',
    )
  })
}

t.test('a stop before it is ready is told as well', async (t) => {
  const address = `@as2fs-test-early-${process.pid}`
  const lines = await listen(t, address)
  const mounted = await prepare(t)
  const silent = createServer()
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => silent.close())
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const child = spawn(process.execPath, [as2fs, 'mount', ...mounted.arguments(), '--endpoint', endpoint, '-f'], {
    env: { ...mounted.environment(), NOTIFY_SOCKET: address },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const [socket] = (await once(silent, 'connection')) as [Socket]
  socket.on('error', () => undefined)
  child.kill('SIGTERM')
  t.same(await ended, [0, null])
  t.notOk(await isMounted(mounted.mountpoint))
  const word = 'STOPPING=1|STATUS=Stopping: it was not mounted yet.|EXTEND_TIMEOUT_USEC=75000000'
  await until('the word', () => lines.length > 0)
  t.same(lines, [`${child.pid ?? 0} ${word}`])
})

t.test('what is configured wrong ends with 78 in the foreground, what may heal with 1', async (t) => {
  const mounted = await prepare(t)
  const config = join(mounted.directory, 'as2fs.yaml')
  const attempt = async (text: string, words: readonly string[] = ['-f']) => {
    await writeFile(config, text)
    const { code, stderr } = await run(process.execPath, [as2fs, 'mount', '--config', config, ...words], {
      env: { ...mounted.environment(), AWS_EC2_METADATA_DISABLED: 'true' },
    })
    t.match(stderr, /as2fs: [^\n]+\n$/)
    return code
  }
  const right = [
    `bucket: mftg-test\nmountpoint: mnt\nstate-dir: state\n`,
    `endpoint: ${mounted.server.endpoint}\n`,
  ].join('')
  t.equal(await attempt('list-tll: 5s\n'), 78)
  t.equal(await attempt('bucket: mftg-test\n'), 78)
  t.equal(await attempt(right.replace('mountpoint: mnt', 'mountpoint: none')), 78)
  t.equal(await attempt(right.replace('mountpoint: mnt', 'mountpoint: none'), []), 1, 'in the background it is 1')
  t.equal(await attempt(right.replace(mounted.server.endpoint, 'http://127.0.0.1:9')), 1, 'no network')
  t.equal(await attempt(`${right}credentials-csv: keys.csv\n`), 1, 'no keys yet')
  await mkdir(join(mounted.mountpoint, 'full'))
  t.equal(await attempt(right), 78)
  await rmdir(join(mounted.mountpoint, 'full'))
  await mkdir(join(mounted.directory, 'other', 'things'), { recursive: true })
  t.equal(await attempt(right.replace('state-dir: state', 'state-dir: other')), 78)
})
