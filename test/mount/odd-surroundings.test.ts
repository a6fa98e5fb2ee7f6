/** A mount that is moved, and commands where a folder, descriptors or rights are missing that one usually has. */
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { as2fs, isMounted, mount, prepare, type Mounted } from '../helpers/mounted.js'
import { run, sh, type Outcome } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX']
const objects = { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' }

function typed(mounted: Mounted, ...args: readonly string[]): Promise<Outcome> {
  return run(process.execPath, [as2fs, ...args], { env: mounted.environment() })
}

t.test('a mount goes on where it is moved to by the rename of a folder above it', async (t) => {
  const mounted = await prepare(t, { flags, objects })
  const [before, after] = [join(mounted.directory, 'before'), join(mounted.directory, 'after')]
  const place = (folder: string, ...path: string[]) => join(folder, 'mnt', ...path)
  await mkdir(place(before), { recursive: true })
  t.teardown(async () => {
    if (await isMounted(place(after))) await sh(`umount -l ${place(after)}`)
  })
  const [bucket = '', , ...more] = mounted.arguments()
  t.match(await typed(mounted, 'mount', bucket, place(before), ...more), { code: 0 })
  await rename(before, after)
  const log = () => readFile(join(mounted.stateDirectory, 'as2fs.log'), 'utf8')
  await until('it to be noticed', async () => (await log()).includes('the mount was moved'))
  t.equal(await readFile(place(after, 'ACME/GLOBEX/inbox/1/order.edi'), 'utf8'), 'ISA*00*')
  await writeFile(place(after, 'ACME/GLOBEX/send/new.edi'), 'new')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/new.edi')
  const { stdout } = await typed(mounted, 'status')
  t.ok(stdout.includes(place(after)))
  t.notOk(stdout.includes(place(before)))
  t.match(await typed(mounted, 'umount', place(after)), { code: 0, stdout: `Unmounted ${place(after)}.\n`, stderr: '' })
  t.notOk(await isMounted(place(after)))
})

t.test('one whose state directory was removed says so, and is unmounted as it says', async (t) => {
  const mounted = await mount(t, { flags })
  await rm(mounted.stateDirectory, { recursive: true })
  await until('its word', async () => (await mounted.status()).problems.some((it) => /mount again/.test(it)))
  const sentence = /has lost its state directory: as2fs umount .*, then mount again\.\n$/
  t.match(await typed(mounted, 'queue', mounted.mountpoint), { code: 1, stderr: sentence })
  const unmounted = await typed(mounted, 'umount', mounted.mountpoint)
  t.match(unmounted, { code: 0, stdout: `Unmounted ${mounted.mountpoint}.\n`, stderr: '' })
  await mounted.ended()
})

t.test('in a folder that was removed, commands do what needs none', async (t) => {
  const mounted = await mount(t, { flags })
  const gone = join(mounted.directory, 'gone')
  const from = async (words: string): Promise<Outcome> => {
    await mkdir(gone)
    const script = `cd ${gone}; rmdir ${gone}; exec ${process.execPath} ${as2fs} ${words}`
    return run('sh', ['-c', script], { env: mounted.environment() })
  }
  t.match(await from('--version'), { code: 0, stderr: '' })
  t.match(await from(`queue ${mounted.mountpoint}`), { code: 0, stderr: '' })
  t.match(await from('queue mnt'), { code: 1, stderr: /^as2fs: .* is not a mount of as2fs/ })
  t.match(await from(`umount ${mounted.mountpoint}`), { code: 0, stderr: '' })
  await mounted.ended()
})

t.test('with too few descriptors a command says which limit to raise, or does without', async (t) => {
  const mounted = await mount(t, { flags })
  const sentence = /^as2fs: Too few files may be open in this process: raise LimitNOFILE \(systemd\) or ulimit -n/
  for (let most = 22; most <= 40; most += 2) {
    const script = `ulimit -n ${most}; exec "$@"`
    const words = [process.execPath, as2fs, 'status', mounted.mountpoint]
    const { code, stderr } = await run('sh', ['-c', script, 'sh', ...words], { env: mounted.environment() })
    t.notMatch(stderr, /Something went wrong|\n {4}at /, `${most} descriptors`)
    if (code === 1 && stderr !== '') t.match(stderr, sentence, `${most} descriptors`)
  }
})

t.test('whatever the umask, what is the daemon’s own is its owner’s alone, and his', async (t) => {
  const mounted = await prepare(t, { flags })
  const script = 'umask 777; exec "$@"'
  const { code } = await run('sh', ['-c', script, 'sh', process.execPath, as2fs, 'mount', ...mounted.arguments()], {
    env: mounted.environment(),
  })
  t.equal(code, 0)
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777
  t.equal(await modeOf(mounted.stateDirectory), 0o700)
  t.equal(await modeOf(join(mounted.stateDirectory, 'as2fs.log')), 0o600)
  t.match(await typed(mounted, 'umount', mounted.mountpoint), { code: 0 })
})
