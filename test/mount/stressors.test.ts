/**
 * What fio and stress-ng expect of a file system, in a `send/` from which nothing leaves. Left out is what SEMANTICS names:
 * stress-ng's access (modes are not kept), link, symlink, xattr, fiemap and verity; fsize, which does in its own way what
 * fallocate(2) can't, and takes it for done when its time is over; and file-ioctl, which takes for the size what FIOQSIZE tells:
 * the blocks that a file of FUSE had when the kernel last asked for them, a second ago where a write takes so long.
 */
import { readdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mount } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX', '--commit', 'rename', '--log-level', 'warn']

/** Each writes a file and reads it back, block by block, with checksums in them. */
const jobs = {
  'one after the other': 'rw=write bs=64k size=16m',
  'anywhere, in sizes': 'rw=randwrite bs=4k-64k size=8m',
  'reads and syncs in between': 'rw=randrw bs=4k size=4m fsync=64',
  'through a mapping': 'ioengine=mmap rw=randwrite bs=4k size=4m',
  'several at the same time': 'ioengine=libaio iodepth=8 rw=randwrite bs=8k size=4m',
  'past the page cache': 'direct=1 rw=write bs=128k size=4m',
  'in odd sizes': 'rw=write bs=1000 size=1m',
  'from the end to the beginning': 'rw=write:-8k bs=4k size=1m offset=512k',
}
const verified = ['[global]', 'ioengine=psync', 'verify=crc32c', 'verify_fatal=1', 'do_verify=1', 'group_reporting']

const stressors = [
  ...[
    'aio',
    'chdir',
    'chmod',
    'chown',
    'copy-file',
    'dentry',
    'dir',
    'dirdeep',
    'dirmany',
    'dup',
    'fallocate',
    'fcntl',
  ],
  ...['filename', 'flock', 'fpunch', 'fstat', 'getdent', 'hdd', 'io', 'iomix', 'lease', 'locka'],
  ...[
    'lockf',
    'lockofd',
    'mknod',
    'open',
    'readahead',
    'rename',
    'seek',
    'sendfile',
    'splice',
    'sync-file',
    'touch',
    'utime',
  ],
]
const sizes = ['--hdd-bytes', '16m', '--fallocate-bytes', '16m', '--seek-size', '1m']

t.test('fio reads back what it wrote', async (t) => {
  const mounted = await mount(t, { flags })
  const entries = Object.entries(jobs).map(([name, job], i) => [
    `[${name}]`,
    ...job.split(' '),
    `filename=${mounted.path(`ACME/GLOBEX/send/${i}.tmp`)}`,
  ])
  const file = join(mounted.directory, 'jobs.fio')
  await writeFile(file, [...verified, ...entries.flat(), ''].join('\n'))
  const { code, stdout, stderr } = await run('fio', [file], { cwd: mounted.directory })
  t.equal(code, 0, `${stdout}${stderr}`)
  t.equal((await sendRows(mounted)).length, entries.length)
  t.same(mounted.puts(), [])
})

t.test('a folder is removed with its files, though somebody has one of them open', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  const script = [
    'import os, sys',
    'os.mkdir(sys.argv[1])',
    'f = os.open(sys.argv[1] + "/x", os.O_RDWR | os.O_CREAT)',
    'os.write(f, b"never sent")',
    'os.unlink(sys.argv[1] + "/x")',
    'assert os.listdir(sys.argv[1]) == []',
    'assert os.fstat(f).st_size == 10',
    'assert os.pread(f, 99, 0) == b"never sent"',
    'os.rmdir(sys.argv[1])',
    'os.close(f)',
  ]
  t.match(await run('python3', ['-c', script.join('\n'), join(send, 'batch')]), { code: 0, stderr: '' })
  await until('nothing of it', async () => (await sendRows(mounted)).length === 0)
  t.same(await readdir(join(mounted.stateDirectory, 'spool/data')), [])
})

t.test('stress-ng finds nothing wrong', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  const each = stressors.flatMap((it) => [`--${it}`, '1'])
  const { code, stdout, stderr } = await run('stress-ng', [
    ...[...each, ...sizes, '--verify', '--timeout', '10', '--temp-path', send],
  ])
  const wrong = `${stdout}${stderr}`.split('\n').filter((it) => /: (fail|error):/.test(it))
  t.same(wrong, [])
  t.equal(code, 0, `${stdout}${stderr}`.slice(-5_000))
  for (const it of await readdir(send)) await rmdir(join(send, it)).catch(() => undefined)
  t.same(await readdir(send), [])
  t.same(mounted.puts(), [])
})
