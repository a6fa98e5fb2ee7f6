/** What a doctor says of the state directory, each with the fault that it is for. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { diagnose, examine, found, ownEnvironment, patient, type Patient } from '../helpers/doctor.js'
import { as2fs, mount } from '../helpers/mounted.js'
import { asNobody, withoutRoot } from '../helpers/nobody.js'
import { run, sh } from '../helpers/run.js'

ownEnvironment()
const skip = withoutRoot()

/** On a disk of its own. */
async function withDisk(t: Test, options: string): Promise<Patient> {
  const it = await patient(t)
  await mkdir(it.stateDirectory, { mode: 0o700 })
  await sh(`mount -t tmpfs -o ${options},mode=700 tmpfs ${it.stateDirectory}`)
  t.teardown(() => run('umount', ['-l', it.stateDirectory]))
  return it
}

async function withMarker(t: Test, marker: object): Promise<Patient> {
  const it = await patient(t)
  await mkdir(join(it.stateDirectory, 'spool'), { recursive: true, mode: 0o700 })
  await writeFile(join(it.stateDirectory, 'mount.json'), JSON.stringify(marker), { mode: 0o600 })
  return it
}

t.jobs = 3

t.test('one that is not there yet is not made', async (t) => {
  const { args, directory, stateDirectory } = await patient(t)
  const { text } = await examine(args)
  t.equal(text('state directory'), `${stateDirectory}, which is made by the first mount`)
  t.same(await readdir(directory), ['mnt'])
})

t.test('a disk that is full', { skip }, async (t) => {
  const { args, stateDirectory } = await withDisk(t, 'size=1m')
  await run('dd', ['if=/dev/zero', `of=${stateDirectory}/lock.full`, 'bs=64k'])
  found(t, await examine(args), 'disk', 'failure', /disk of the state directory .* is full: make a little room/)
})

t.test('a disk that can have no more files', { skip }, async (t) => {
  const { args, stateDirectory } = await withDisk(t, 'size=8m,nr_inodes=3')
  await writeFile(join(stateDirectory, 'lock.1'), '')
  await writeFile(join(stateDirectory, 'lock.2'), '')
  found(t, await examine(args), 'disk', 'failure', /has no inodes left: remove some files there/)
})

t.test('a disk with little room', { skip }, async (t) => {
  const { args } = await withDisk(t, 'size=8m')
  found(t, await examine(args), 'disk', 'warning', /Only \d MiB are free for what waits to be sent/)
})

t.test('a disk that is read-only', { skip }, async (t) => {
  const { args } = await withDisk(t, 'size=8m,ro')
  found(t, await examine(args), 'disk', 'failure', /can't be written \(EROFS\): its disk is mounted read-only/)
})

t.test('one that this user may not make', { skip }, async (t) => {
  const { args } = await patient(t)
  // Where it is mounted is root's as well.
  const others = args.filter((_, at) => at !== 1)
  const diagnosis = await diagnose(others, { launcher: asNobody })
  t.match(diagnosis.text('state directory'), /can't be written \(EACCES\): give another with --state-dir/)
})

t.test('one of another bucket, of a newer version, of something else, and one that others may write to', async (t) => {
  const other = { format: 2, bucket: 'other', prefix: 'AS2/', endpoint: null, found: true }
  const cases = [
    [other, /belongs to another bucket or prefix \(see .*mount.json\): give another/],
    [{ ...other, format: 99 }, /made by a newer version of as2fs: use that one/],
  ] as const
  for (const [marker, sentence] of cases) {
    const { args } = await withMarker(t, marker)
    found(t, await examine(args), 'state directory', 'failure', sentence)
  }
  const strange = await patient(t)
  await mkdir(strange.stateDirectory, { mode: 0o700 })
  await writeFile(join(strange.stateDirectory, 'letter'), '')
  found(t, await examine(strange.args), 'state directory', 'failure', /has other things in it: give one of its own/)
  await sh(`chmod 777 ${strange.stateDirectory}`)
  found(
    t,
    await examine(strange.args),
    'state directory',
    'failure',
    /can't be trusted: .*Others could write to .*chmod 700 it/,
  )
})

t.test('a log, an audit trail or a disk cache that can’t be written', async (t) => {
  const { args } = await patient(t)
  const flags = [
    '--log-file',
    '/nonexistent/log',
    '--audit-log',
    '/nonexistent/audit',
    '--disk-cache',
    '/nonexistent/a',
  ]
  const diagnosis = await examine([...args, ...flags])
  found(
    t,
    diagnosis,
    'other files',
    'failure',
    /The log file \/nonexistent\/log can't be written \(ENOENT\): give another with --log-file/,
  )
  t.match(diagnosis.text('other files'), /audit trail .*--audit-log/)
  const pipe = join(t.testdir(), 'pipe')
  await sh(`mkfifo ${pipe}`)
  for (const flags of [
    ['--log-file', pipe],
    ['--audit-log', pipe],
  ]) {
    found(t, await examine([...args, ...flags]), 'other files', 'failure', /pipe is no file, but a pipe: give another/)
  }
  const http = ['--http', '127.0.0.1:0', '--http-token-file', pipe]
  found(t, await examine([...args, ...http]), 'http', 'failure', /pipe is no file, but a pipe: write one there/)
})

t.test('beside a live mount', { skip: withoutRoot() }, async (t) => {
  const mounted = await mount(t, { objects: { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' } })
  const args = mounted.arguments().filter((it, at, all) => it !== '--settle' && all[at - 1] !== '--settle')
  await t.test('all is well, it says who has the state directory, and changes nothing there', async (t) => {
    const before = await readdir(mounted.stateDirectory)
    const { code, text, report } = await examine(args)
    t.equal(code, 0, report.verdict)
    t.equal(text('lock'), `process ${mounted.pid} has it, for mftg-test at ${mounted.mountpoint}`)
    t.match(text('mountpoint'), /this bucket is mounted already/)
    t.same(await readdir(mounted.stateDirectory), before)
    t.same((await mounted.status()).problems, [])
  })
  await t.test('one elsewhere would be refused', async (t) => {
    const elsewhere = args.map((it) => (it === mounted.mountpoint ? `${it}-too` : it))
    await mkdir(`${mounted.mountpoint}-too`)
    found(
      t,
      await examine(elsewhere),
      'lock',
      'failure',
      /is mounted at .* by process \d+: unmount it, or give another/,
    )
  })
  await t.test('one that died is told, and a mount would work', async (t) => {
    await mounted.kill('SIGKILL')
    found(t, await examine(args), 'mountpoint', 'warning', /has died: the next mount there clears it/)
    const { stdout } = await run(process.execPath, [as2fs, 'doctor', '--json'])
    const { checks } = JSON.parse(stdout) as { checks: { name: string; mark: string; text: string }[] }
    const line = checks.find(({ name, text }) => name === 'mounts' && text.startsWith(mounted.mountpoint))
    t.match(line, { mark: 'warning', text: /is dead: Its daemon has died: as2fs umount .* clears it/ })
    t.match(await readFile('/proc/self/mountinfo', 'utf8'), mounted.mountpoint, 'it is there still')
  })
})
