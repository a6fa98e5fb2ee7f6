/** What a doctor says of this machine, each with the fault that it is for: in a namespace of its own, or as another user. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { diagnose, examine, found, ownEnvironment, patient, type Patient } from '../helpers/doctor.js'
import { as2fs } from '../helpers/mounted.js'
import { asNobody, openDevice, withoutRoot } from '../helpers/nobody.js'

const compiled = join(dirname(as2fs), '../native/build/Release/kernel.node')
/** A /dev of its own, with nothing in it but what every program needs. */
const ownDevices = 'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9'

function inNamespace(script: string): readonly string[] {
  return ['unshare', '-m', 'sh', '-c', `${script} && exec "$@"`, 'sh']
}

interface Planted {
  readonly name: string
  readonly line: string
  readonly mark?: 'warning'
  readonly sentence: RegExp
  readonly launcher?: readonly string[]
  readonly plant?: (patient: Patient) => Promise<unknown>
  readonly args?: (patient: Patient) => readonly string[]
}

// Of another user the state directory is another's, too.
const asOther = ({ args }: Patient) =>
  args.map((it, at) => (args[at - 1] === '--state-dir' ? '/tmp/as2fs-never-made' : it))

const faults: readonly Planted[] = [
  {
    name: 'no /dev/fuse',
    line: '/dev/fuse',
    sentence: /There is no \/dev\/fuse: load the kernel module \(modprobe fuse\)/,
    launcher: inNamespace(ownDevices),
  },
  {
    name: 'a /dev/fuse that is root’s alone',
    line: '/dev/fuse',
    sentence: /may not be opened by this user: chmod 666 \/dev\/fuse/,
    launcher: [...inNamespace(`${ownDevices} && mknod -m 600 /dev/fuse c 10 229`), ...asNobody],
    args: (it) => asOther(it).filter((word) => word !== it.mountpoint),
  },
  {
    name: 'no fusermount',
    line: 'fusermount',
    sentence: /There is no fusermount, which ordinary users need to mount: apt-get install fuse3/,
    launcher: [...asNobody, '/usr/bin/env', 'PATH=/nonexistent'],
    args: (it) => asOther(it).filter((word) => word !== it.mountpoint),
  },
  {
    name: 'others are to be let in, and users may not do that',
    line: 'allow_other',
    sentence: /--allow-other needs the line user_allow_other in \/etc\/fuse.conf, unless root mounts/,
    launcher: [...inNamespace('mount --bind /dev/null /etc/fuse.conf'), ...asNobody],
    args: (it) => [...asOther(it).filter((word) => word !== it.mountpoint), '--allow-other'],
  },
  {
    name: 'a container that may mount nothing',
    line: 'privileges',
    sentence: /Nothing may be mounted in this container.*docker run --cap-add SYS_ADMIN/,
    launcher: ['setpriv', '--bounding-set=-sys_admin'],
  },
  {
    name: 'a service that may gain no privileges',
    line: 'privileges',
    sentence: /may gain no privileges, which fusermount needs to mount: take NoNewPrivileges=/,
    launcher: [...asNobody, '--no-new-privs'],
    args: (it) => asOther(it).filter((word) => word !== it.mountpoint),
  },
  {
    name: 'a binding that can’t be loaded',
    line: 'binding',
    // A package has no other to mount with.
    ...(process.env.AS2FS_PROGRAM === undefined
      ? { mark: 'warning', sentence: /The binding was not compiled here \(.*\): the mount slows down under load/ }
      : { sentence: /its binding does not work here: .* can't load it/ }),
    launcher: inNamespace(`mount --bind /dev/null ${compiled}`),
  },
  {
    name: 'a configuration file with a key that there is not',
    line: 'options',
    sentence: /there is no option 'lst-ttl'. Did you mean list-ttl\?/,
    plant: ({ directory }) => writeFile(join(directory, 'as2fs.yaml'), 'bucket: mftg-test\nlst-ttl: 5s\n'),
    args: ({ directory }) => ['--config', join(directory, 'as2fs.yaml')],
  },
  {
    name: 'a configuration file that is not there',
    line: 'options',
    sentence: /configuration file \/nonexistent.yaml can't be read \(ENOENT\)/,
    args: () => ['--config', '/nonexistent.yaml'],
  },
  {
    name: 'certificates that are not there',
    line: 'options',
    sentence: /\/nonexistent.pem.*--ca-file.*ENOENT/,
    args: ({ args }) => [...args, '--ca-file', '/nonexistent.pem'],
  },
  {
    name: 'a mountpoint that is missing',
    line: 'mountpoint',
    sentence: /does not exist: mkdir -p/,
    args: ({ args, mountpoint }) => args.map((it) => (it === mountpoint ? `${it}/missing` : it)),
  },
  {
    name: 'a mountpoint that is not empty',
    line: 'mountpoint',
    sentence: /is not empty: choose an empty directory/,
    plant: ({ mountpoint }) => mkdir(join(mountpoint, 'x')),
  },
  {
    name: 'a mountpoint with something else on it',
    line: 'mountpoint',
    sentence: /\/proc has proc \(proc\) mounted on it: unmount it first/,
    args: ({ args, mountpoint }) => args.map((it) => (it === mountpoint ? '/proc' : it)),
  },
  {
    name: 'too few descriptors',
    line: 'descriptors',
    mark: 'warning',
    sentence: /Only 700 files may be open, 350 of them in send\/.*raise LimitNOFILE/,
    launcher: ['prlimit', '--nofile=700'],
  },
  {
    name: 'another program at the address of --http',
    line: 'http',
    mark: 'warning',
    sentence: /--http 127\.0\.0\.1:\d+ can't be listened at: another program listens there already/,
    args: ({ args, server }) => [...args, '--http', new URL(server.endpoint).host],
  },
  {
    name: 'a socket of --http in a folder that is not there',
    line: 'http',
    mark: 'warning',
    sentence: /--http unix:\/.*\/none\/s can't be listened at: there is no folder .*\/none\.$/,
    args: ({ args, directory }) => [...args, '--http', `unix:${directory}/none/s`],
  },
  {
    name: 'a token that can be guessed',
    line: 'http',
    sentence: /The token file .*\/token has fewer than 16 characters: write one there with openssl rand -hex 24/,
    plant: ({ directory }) => writeFile(join(directory, 'token'), 'secret\n', { mode: 0o600 }),
    args: ({ args, directory }) => [...args, '--http', '127.0.0.1:0', '--http-token-file', join(directory, 'token')],
  },
]

ownEnvironment()
t.jobs = 3

t.test('faults of this machine', { skip: withoutRoot() }, async (t) => {
  await openDevice(t)
  t.jobs = 3
  for (const { name, line, mark = 'failure', sentence, launcher = [], plant, args } of faults) {
    void t.test(name, async (t) => {
      const it = await patient(t)
      await plant?.(it)
      found(t, await diagnose(args?.(it) ?? it.args, { launcher }), line, mark, sentence)
    })
  }
})

t.test('where nothing is wrong with --http nothing is listened at, and nothing made', async (t) => {
  const { args, directory } = await patient(t)
  for (const address of ['127.0.0.1:0', `unix:${directory}/s`]) {
    const { mark, text } = await examine([...args, '--http', address])
    t.match([mark('http'), text('http')], ['ok', /can be listened at$/])
  }
  t.notOk((await readdir(directory)).includes('s'))
  const { mark, text } = await examine(args)
  t.same([mark('http'), text('http')], ['skipped', 'not needed without --http'])
})

t.test('a configuration file says which bucket, and where', async (t) => {
  const { directory, mountpoint, stateDirectory, proxy } = await patient(t)
  const file = join(directory, 'as2fs.yaml')
  await writeFile(
    file,
    `bucket: mftg-test\nmountpoint: mnt\nendpoint: ${proxy.endpoint}\nstate-dir: ${stateDirectory}\n`,
  )
  const { code, text } = await diagnose(['--config', file])
  t.equal(code, 0)
  t.equal(text('options'), `as given, and as ${file} has them`)
  t.match(text('mountpoint'), mountpoint)
})

t.test('without a bucket this machine is looked at alone', async (t) => {
  const { code, report, mark } = await diagnose([])
  t.equal(code, 0, report.verdict)
  t.match(report.verdict, /^This machine could mount/)
  t.equal(mark('options'), 'skipped')
  t.equal(mark('keys'), undefined)
})
