/** Many files of `send/` open at the same time: four times as many as a daemon has descriptors by itself, and more than it may have. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mount, type Mounted } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'
import { sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX']
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`
const tooMany = 24

/** Opens files, says how many it could, and closes them when it is told to. */
const opener = `
import sys
folder, ending, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
files, refused = [], 0
for i in range(count):
    try:
        files.append(open(f'{folder}/{i}{ending}', 'wb', 0))
    except OSError as error:
        refused = error.errno
print(len(files), refused, flush=True)
sys.stdin.readline()
for i, file in enumerate(files):
    file.write(b'content %d' % i)
    file.close()
`

/** What `ulimit -Hn` says of the tests. */
const hardLimit = Number(/^Max open files +\S+ +(\S+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1])

/** A program that has files open. */
async function opened(t: Test, mounted: Mounted, ending: string, count: number) {
  const args = ['-c', opener, mounted.path('ACME/GLOBEX/send'), ending, String(count)]
  const child = spawn('python3', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await until('what it says, whole', () => said.endsWith('\n'), 120_000)
  const [open = 0, errno = 0] = said.trim().split(' ').map(Number)
  const close = async () => {
    child.stdin.end('\n')
    await ended
  }
  return { open, errno, close }
}

async function openInSpool({ pid, stateDirectory }: Mounted): Promise<number> {
  const folder = `/proc/${pid}/fd`
  // One that is closed meanwhile leads nowhere.
  const links = (await readdir(folder)).map((it) => readlink(join(folder, it)).catch(() => ''))
  return (await Promise.all(links)).filter((it) => it.startsWith(`${stateDirectory}/spool/data/`)).length
}

const skip = hardLimit >= 4_500 ? false : `the hard limit of descriptors is ${hardLimit}`
t.test('4,000 files that are open at the same time are written and closed', { skip }, async (t) => {
  const mounted = await mount(t, { flags, launcher: ['prlimit', '--nofile=1024:4500'] })
  const counts = Object.entries({ '.edi': 400, '.tmp': 1_200, '.part': 1_200, '.swp': 1_200 })
  const programs = await Promise.all(counts.map(([ending, count]) => opened(t, mounted, ending, count)))
  for (const { errno } of programs) t.equal(errno, 0)
  await until('all of them to be made', async () => (await openInSpool(mounted)) === 4_000, 60_000)
  await writeFile(mounted.path('ACME/GLOBEX/send/meanwhile.edi'), 'whole')
  t.equal((await mounted.inBucket(key('meanwhile.edi'))).toString(), 'whole')
  await Promise.all(programs.map((it) => it.close()))
  await t.test('those that are final are sent, once each', async (t) => {
    await until('all in the bucket', () => mounted.puts().length === 401)
    t.equal(new Set(mounted.puts()).size, 401)
    t.equal(mounted.server.get(key('399.edi'))?.toString(), 'content 399')
  })
  await t.test('the others are held, whole, and no descriptor is left behind', async (t) => {
    const held = (await sendRows(mounted)).filter((it) => it.state === 'held' && it.reason === 'name' && it.size > 8)
    t.equal(held.length, 3_600)
    await until('all to be closed', async () => (await openInSpool(mounted)) === 0)
  })
})

t.test('a daemon that may not have so many', async (t) => {
  const mounted = await mount(t, {
    flags,
    objects: { 'AS2/files/ACME/GLOBEX/inbox/1/in.edi': 'what came' },
    launcher: ['prlimit', '--nofile=512'],
  })
  const send = mounted.path('ACME/GLOBEX/send')
  await writeFile(join(send, 'waits.tmp'), 'x')
  const program = await opened(t, mounted, '.edi', 400)
  await t.test('opens as many as leaves it some for itself, and refuses the others: EMFILE', async (t) => {
    t.same({ open: program.open, errno: program.errno }, { open: 256, errno: tooMany })
    await t.rejects(writeFile(join(send, 'one-more.edi'), 'x'), { code: 'EMFILE' })
    await t.rejects(readFile(join(send, 'waits.tmp')), { code: 'EMFILE' })
    t.notOk((await readdir(send)).includes('one-more.edi'))
  })
  await t.test('says once in the log what to do, and in the status', async (t) => {
    const sentence =
      '256 files are open in send/, and the daemon may not open more: raise LimitNOFILE (systemd) or ulimit -n.'
    t.equal(mounted.log.split(sentence).length - 1, 1)
    await until('the status', async () => (await mounted.status()).problems.includes(sentence))
  })
  await t.test('goes on in all other respects', async (t) => {
    t.equal(await readFile(mounted.path('ACME/GLOBEX/inbox/1/in.edi'), 'utf8'), 'what came')
    await sh(`mv ${send}/waits.tmp ${send}/waits.edi`)
    t.equal((await mounted.inBucket(key('waits.edi'))).toString(), 'x')
  })
  await t.test('and opens files again when others are closed', async (t) => {
    await program.close()
    await writeFile(join(send, 'one-more.edi'), 'x')
    await until('all in the bucket', () => mounted.puts().length === 258)
    t.equal(new Set(mounted.puts()).size, 258)
    await until('the status', async () => (await mounted.status()).state === 'ok')
  })
})
