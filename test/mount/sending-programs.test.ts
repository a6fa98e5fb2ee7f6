/** Programs that write to a `send/`: whatever way they do it, each file is one PUT of exactly its bytes. */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mount, type Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

interface Case {
  /** Shell; `$send` is the folder, `$from` one with `order.edi`, `binary.dat` and `large.dat`. */
  readonly command: string
  /** What the bucket has afterwards: by name, text or the bytes of a file of `$from`. */
  readonly sent: Readonly<Record<string, string | { readonly from: string }>>
  /** The program that is needed. */
  readonly needs?: string
}

const order = 'ISA*00*\nGS*PO*\nIEA*1\n'
const binary = { from: 'binary.dat' } as const
const large = { from: 'large.dat' } as const
const python = (script: string) => `python3 - "$send" <<'PYTHON'\nimport os, sys\nsend = sys.argv[1]\n${script}\nPYTHON`

const from = t.testdir({ 'order.edi': order })
await writeFile(join(from, 'binary.dat'), randomBytes(3_000_001))
await writeFile(join(from, 'large.dat'), randomBytes(20 * 1024 * 1024))

/** Programs that write a file from its beginning to its end, and are done. */
const atOnce: Readonly<Record<string, Case>> = {
  cp: { command: 'cp "$from/order.edi" "$send/cp.edi"', sent: { 'cp.edi': order } },
  'cp -p': { command: 'cp -p "$from/binary.dat" "$send/cp-p.edi"', sent: { 'cp-p.edi': binary } },
  'cp of several': {
    command: 'cp "$from/order.edi" "$from/binary.dat" "$send"',
    sent: { 'order.edi': order, 'binary.dat': binary },
  },
  mv: { command: 'cp "$from/binary.dat" "$from/mv.edi" && mv "$from/mv.edi" "$send"', sent: { 'mv.edi': binary } },
  'tar x': {
    command: 'cp "$from/order.edi" "$from/tar.edi" && tar -C "$from" -c tar.edi | tar -C "$send" -x',
    sent: { 'tar.edi': order },
  },
  'echo >': { command: `sh -c 'echo hi > "$send/echo.edi"'`, sent: { 'echo.edi': 'hi\n' } },
  'two programs, one after the other': {
    command: '(echo a; /bin/echo b) > "$send/two.edi"',
    sent: { 'two.edi': 'a\nb\n' },
  },
  'a pipe': {
    command: 'seq 1 100000 | gzip -n > "$send/pipe.gz"; seq 1 100000 | gzip -n > "$from/pipe.gz"',
    sent: { 'pipe.gz': { from: 'pipe.gz' } },
  },
  tee: {
    command: 'tee "$send/tee-1.edi" "$send/tee-2.edi" < "$from/order.edi" > /dev/null',
    sent: { 'tee-1.edi': order, 'tee-2.edi': order },
  },
  'dd bs=1M': { command: 'dd if="$from/large.dat" of="$send/dd.dat" bs=1M status=none', sent: { 'dd.dat': large } },
  'dd bs=7': {
    command: 'dd if="$from/order.edi" of="$send/dd-small.dat" bs=7 status=none',
    sent: { 'dd-small.dat': order },
  },
  'dd conv=fsync': {
    command: 'dd if="$from/binary.dat" of="$send/dd-fsync.dat" conv=fsync bs=64k status=none',
    sent: { 'dd-fsync.dat': binary },
  },
  'dd oflag=dsync': {
    command: 'dd if="$from/order.edi" of="$send/dd-sync.dat" oflag=dsync bs=8 status=none',
    sent: { 'dd-sync.dat': order },
  },
  install: { command: 'install -m 600 "$from/binary.dat" "$send/install.dat"', sent: { 'install.dat': binary } },
  split: {
    command: 'split -b 6M "$from/large.dat" "$send/part-" && cd "$from" && split -b 6M large.dat part-',
    sent: Object.fromEntries(['part-aa', 'part-ab', 'part-ac', 'part-ad'].map((part) => [part, { from: part }])),
  },
  'python, through a duplicate of the descriptor': {
    command: python(`
fd = os.open(send + '/dup.edi', os.O_WRONLY | os.O_CREAT)
other = os.dup(fd)
os.write(fd, b'one ')
os.close(fd)
os.write(other, b'two')
os.close(other)`),
    sent: { 'dup.edi': 'one two' },
  },
  'python, in a child process too': {
    command: python(`
f = open(send + '/fork.edi', 'wb', 0)
f.write(b'parent ')
if os.fork() == 0:
    f.write(b'child ')
    os._exit(0)
os.wait()
f.write(b'parent')
f.close()`),
    sent: { 'fork.edi': 'parent child parent' },
  },
  'python, with fsync in between': {
    command: python(`
with open(send + '/fsync.edi', 'wb', 0) as f:
    for part in (b'one ', b'two ', b'three'):
        f.write(part)
        os.fsync(f.fileno())`),
    sent: { 'fsync.edi': 'one two three' },
  },
  'python, that goes back and writes over': {
    command: python(`
with open(send + '/seek.edi', 'wb') as f:
    f.write(b'length=????\\n' + b'x' * 2000000)
    f.seek(7)
    f.write(b'2000')
    f.seek(0, os.SEEK_END)
    f.write(b'end')`),
    sent: { 'seek.edi': `length=2000\n${'x'.repeat(2_000_000)}end` },
  },
  'python, that leaves a hole and cuts the end off': {
    command: python(`
with open(send + '/truncate.edi', 'wb') as f:
    f.write(b'0123456789')
    f.truncate(4)
    f.seek(6)
    f.write(b'x')
    f.truncate(9)`),
    sent: { 'truncate.edi': '0123\0\0x\0\0' },
  },
  'python, from the end to the beginning': {
    command: python(`
with open(send + '/backwards.edi', 'wb', 0) as f:
    for i in reversed(range(1000)):
        os.pwrite(f.fileno(), b'%07d\\n' % i, 8 * i)`),
    sent: { 'backwards.edi': Array.from({ length: 1000 }, (_, i) => `${String(i).padStart(7, '0')}\n`).join('') },
  },
  'python, through a mapping': {
    command: python(`
import mmap
with open(send + '/mapped.edi', 'w+b') as f:
    f.truncate(10000)
    with mmap.mmap(f.fileno(), 10000) as m:
        m[0:5] = b'start'
        m[9997:10000] = b'end'`),
    sent: { 'mapped.edi': `start${'\0'.repeat(9992)}end` },
  },
  'python, that reads back what it writes': {
    command: python(`
with open(send + '/read-back.edi', 'w+b') as f:
    f.write(b'abc' * 100000)
    f.seek(0)
    f.write(f.read(3).upper())`),
    sent: { 'read-back.edi': `abcABC${'abc'.repeat(99_998)}` },
  },
}

/** Programs that come to a file more than once, or by way of another name. */
const inSteps: Readonly<Record<string, Case>> = {
  '>> after >': {
    command: 'echo a > "$send/append.edi"; echo b >> "$send/append.edi"',
    sent: { 'append.edi': 'a\nb\n' },
  },
  '> over >': { command: 'echo first > "$send/over.edi"; echo 2 > "$send/over.edi"', sent: { 'over.edi': '2\n' } },
  'dd conv=notrunc into the middle': {
    command:
      'printf 0123456789 > "$send/middle.edi"; printf XX | dd of="$send/middle.edi" bs=1 seek=4 conv=notrunc status=none',
    sent: { 'middle.edi': '0123XX6789' },
  },
  'touch, then a write': {
    command: 'touch "$send/touched.edi"; echo hi >> "$send/touched.edi"',
    sent: { 'touched.edi': 'hi\n' },
  },
  'touch alone': { command: 'touch "$send/only-touched.edi"', sent: {} },
  rm: { command: 'echo no > "$send/removed.edi"; rm "$send/removed.edi"', sent: {} },
  'rm, and once more': {
    command: 'echo 1 > "$send/again.edi"; rm "$send/again.edi"; echo 2 > "$send/again.edi"',
    sent: { 'again.edi': '2\n' },
  },
  'cp over a queued file': {
    command: 'cp "$from/binary.dat" "$send/cp-over.edi"; cp "$from/order.edi" "$send/cp-over.edi"',
    sent: { 'cp-over.edi': order },
  },
  'mv, to another name': {
    command: 'echo hi > "$send/one-name.edi"; mv "$send/one-name.edi" "$send/other-name.edi"',
    sent: { 'other-name.edi': 'hi\n' },
  },
  truncate: {
    command: 'printf 0123456789 > "$send/cut.edi"; truncate -s 4 "$send/cut.edi"',
    sent: { 'cut.edi': '0123' },
  },
  rsync: { command: 'rsync "$from/binary.dat" "$send/rsync.dat"', sent: { 'rsync.dat': binary }, needs: 'rsync' },
  'rsync -a': {
    command: 'rsync -a "$from/order.edi" "$send/rsync-a.edi"',
    sent: { 'rsync-a.edi': order },
    needs: 'rsync',
  },
  'rsync --inplace': {
    command: 'rsync --inplace "$from/order.edi" "$send/rsync-inplace.edi"',
    sent: { 'rsync-inplace.edi': order },
    needs: 'rsync',
  },
  'sed -i': {
    command: 'cp "$from/order.edi" "$send/sed.edi"; sed -i s/PO/RO/ "$send/sed.edi"',
    sent: { 'sed.edi': order.replace('PO', 'RO') },
  },
  'vim, a new file': {
    command: `vim -es -u NONE -c 'normal ihello' -c wq "$send/vim-new.edi" < /dev/null`,
    sent: { 'vim-new.edi': 'hello\n' },
    needs: 'vim',
  },
  'vim, an existing file': {
    command: `cp "$from/order.edi" "$send/vim.edi"; vim -es -u NONE -c %s/PO/RO/ -c wq "$send/vim.edi" < /dev/null`,
    sent: { 'vim.edi': order.replace('PO', 'RO') },
    needs: 'vim',
  },
  'vim.tiny, with a backup': {
    command: `cp "$from/order.edi" "$send/tiny.edi"; vim.tiny -es -u NONE -c 'set backup backupcopy=no' -c %s/PO/RO/ -c wq "$send/tiny.edi" < /dev/null`,
    sent: { 'tiny.edi': order.replace('PO', 'RO') },
    needs: 'vim.tiny',
  },
  zip: {
    command: 'zip -q -j -X "$send/batch.zip" "$from/order.edi" && cp "$send/batch.zip" "$from/batch.zip"',
    sent: { 'batch.zip': { from: 'batch.zip' } },
    needs: 'zip',
  },
  'python, by way of a temporary file': {
    command: python(`
import tempfile
with tempfile.NamedTemporaryFile(dir=send, delete=False) as f:
    f.write(b'hello')
os.replace(f.name, send + '/replaced.edi')`),
    sent: { 'replaced.edi': 'hello' },
  },
  'python, that renames before it closes': {
    command: python(`
with open(send + '/early.tmp', 'wb', 0) as f:
    f.write(b'one ')
    os.rename(send + '/early.tmp', send + '/early.edi')
    f.write(b'two')`),
    sent: { 'early.edi': 'one two' },
  },
  'python, that removes a file while it writes it': {
    command: python(`
with open(send + '/unlinked.edi', 'w+b', 0) as f:
    f.write(b'never ')
    os.unlink(send + '/unlinked.edi')
    f.write(b'sent')
    f.seek(0)
    assert f.read() == b'never sent'
    assert not os.path.exists(send + '/unlinked.edi')`),
    sent: {},
  },
  'python, with a temporary file without a name': {
    command: python(`
import tempfile
with tempfile.TemporaryFile(dir=send) as f:
    f.write(b'never sent')`),
    sent: {},
  },
}

const absent = await missing([...Object.values(atOnce), ...Object.values(inSteps)].flatMap((it) => it.needs ?? []))

t.test('written at once', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX'] })
  for (const [program, it] of Object.entries(atOnce)) {
    await t.test(program, { skip: skipped(it) }, async (t) => {
      await act(t, mounted, it)
      for (const name of Object.keys(it.sent)) await arrived(t, mounted, it, name)
    })
  }
  await onceEach(t, mounted, Object.values(atOnce))
})

t.test('written in steps', async (t) => {
  // Nothing goes out before all is done: what a program needed on the way would be seen then.
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
  for (const [program, it] of Object.entries(inSteps)) {
    await t.test(program, { skip: skipped(it) }, async (t) => {
      await act(t, mounted, it)
      const send = mounted.path('ACME/GLOBEX/send')
      for (const [name, content] of Object.entries(it.sent)) {
        t.ok((await wanted(content)).equals(await readFile(join(send, name))), 'and is read back while it waits')
      }
    })
  }
  await t.test('and sent at the end', async (t) => {
    await until('the last close', async () => (await mounted.queue()).rows.every((row) => row.state !== 'open'))
    t.equal(await mounted.kill('SIGTERM'), 0)
    for (const it of Object.values(inSteps)) {
      if (skipped(it) === false) for (const name of Object.keys(it.sent)) await arrived(t, mounted, it, name)
    }
  })
  await onceEach(t, mounted, Object.values(inSteps))
})

t.test('what is copied under its own name is known to be closed for good when close(2) returns', async (t) => {
  const objects = { 'AS2/files/ACME/GLOBEX/inbox/7207/received.edi': order }
  const mounted = await mount(t, { objects, flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
  const send = mounted.path('ACME/GLOBEX/send')
  const received = mounted.path('ACME/GLOBEX/inbox/7207/received.edi')
  const sources = [join(from, 'binary.dat'), join(from, 'order.edi'), received]
  for (const source of sources) t.equal((await run('cp', [source, send])).code, 0)
  const journal = await readFile(join(mounted.stateDirectory, 'spool/journal'), 'latin1')
  const closed = journal.split('\n').filter((line) => line.includes('"flushed"'))
  t.same(
    closed.map((line) => [/"path":"([^"]*)/.exec(line)?.[1], line.includes('"isComplete":true')]),
    [
      ['binary.dat', true],
      ['order.edi', true],
      ['received.edi', true],
    ],
    'a daemon that dies in that moment leaves files that are sent, and not held',
  )
})

async function act(t: Test, mounted: Mounted, { command }: Case): Promise<void> {
  const env = { ...process.env, send: mounted.path('ACME/GLOBEX/send'), from }
  const { code, stderr } = await run('sh', ['-c', command], { env })
  t.equal(code, 0)
  t.equal(stderr, '')
}

async function arrived(t: Test, mounted: Mounted, it: Case, name: string): Promise<void> {
  const bytes = await mounted.inBucket(`AS2/send/ACME/GLOBEX/${name}`)
  t.ok((await wanted(it.sent[name] ?? '')).equals(bytes), `${name}, byte for byte`)
}

async function onceEach(t: Test, mounted: Mounted, cases: readonly Case[]): Promise<void> {
  await t.test('one PUT each, and no other', (t) => {
    const names = cases.filter((it) => skipped(it) === false).flatMap((it) => Object.keys(it.sent))
    t.same(mounted.puts().sort(), names.map((name) => `AS2/send/ACME/GLOBEX/${name}`).sort())
    t.end()
  })
}

async function wanted(content: string | { readonly from: string }): Promise<Buffer> {
  return typeof content === 'string' ? Buffer.from(content) : readFile(join(from, content.from))
}

function skipped({ needs }: Case): string | false {
  return needs !== undefined && absent.has(needs) ? `${needs} is not installed` : false
}

async function missing(programs: readonly string[]): Promise<Set<string>> {
  const found = await sh(`for it in ${programs.join(' ')}; do command -v $it > /dev/null || echo $it; done`)
  return new Set(found.split('\n'))
}
