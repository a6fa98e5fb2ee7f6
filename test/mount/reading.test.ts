/** Programs that read: what the bucket holds, as they would find it on a disk. */
import { createHash } from 'node:crypto'
import { access, constants, open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mountAt } from '../../src/fuse/mountinfo.js'
import { type Mounted, prepare } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

/** errno of 'Stale file handle': neither Node nor libuv has a name for it. */
const staleFileHandle = -116
const inbox = 'AS2/files/ACME/GLOBEX/inbox'
const arrival = Date.UTC(2026, 0, 15, 9, 30)
/** Larger than what is fetched whole, and no two places in it alike. */
const large = Buffer.from(Uint32Array.from({ length: 5 * 1024 * 1024 }, (_, i) => i).buffer)

const documents: Readonly<Record<string, Buffer>> = {
  '720784109397786/order.edi': Buffer.from('ISA*00*\nGS*PO\nIEA*1\n'),
  '720784109397787/invoice.edi': Buffer.from("UNB+UNOC:3'\nUNH+1+INVOIC'\n"),
  '720784109397787/empty.edi': Buffer.alloc(0),
  'deep/er/still/note.txt': Buffer.from('needle\n'),
  'flat.xml': Buffer.from('<needle/>\n'),
  'large.bin': large,
}

const mounted = await prepare(t, { flags: ['--umask', '022', '--list-ttl', '500ms'] })
for (const [path, bytes] of Object.entries(documents)) {
  mounted.server.put(`${inbox}/${path}`, bytes, { mtime: arrival })
}
await mounted.mount()
const view = mounted.path('ACME/GLOBEX/inbox')
const python = (script: string) => sh(`python3 - ${view}`, { input: script })

t.test('ls shows stations, partners and views', async (t) => {
  t.equal(await sh(`ls -A ${mounted.mountpoint}`), '.as2fs\nACME\n')
  t.equal(await sh(`ls ${mounted.path('ACME')}`), 'GLOBEX\n')
  t.equal(
    await sh(`ls ${mounted.path('ACME/GLOBEX')} | tr '\\n' ' '`),
    'delivery duplicate headers inbox mdn new outbox raw-message send ',
  )
  t.equal(
    await sh(`ls ${view} | tr '\\n' ' '`, { env: { ...process.env, LC_ALL: 'C' } }),
    '720784109397786 720784109397787 deep flat.xml large.bin ',
  )
})

t.test('stat has size, time and mode of the listing', async (t) => {
  const file = await stat(join(view, '720784109397786/order.edi'))
  t.match(file, { size: 20, mtimeMs: arrival, nlink: 1, uid: process.getuid?.(), gid: process.getgid?.() })
  t.equal(file.mode.toString(8), '100444')
  const folder = await stat(join(view, '720784109397786'))
  t.equal(folder.mode.toString(8), '40555')
  t.equal(folder.mtimeMs, arrival, 'of the newest message in it')
  t.equal((await stat(mounted.path('ACME/GLOBEX/send'))).mode.toString(8), '40755')
})

t.test('what is not there is ENOENT, and a file is no folder', async (t) => {
  for (const path of ['inbox/no.edi', 'inbox/no/no.edi', 'nowhere', 'failed', 'headers/no', 'send/no.edi']) {
    await t.rejects(stat(mounted.path('ACME/GLOBEX', path)), { code: 'ENOENT' }, path)
  }
  await t.rejects(stat(mounted.path('NOBODY/GLOBEX/inbox')), { code: 'ENOENT' })
  await t.rejects(stat(join(view, 'flat.xml/x')), { code: 'ENOTDIR' })
  await t.rejects(readdir(join(view, 'flat.xml')), { code: 'ENOTDIR' })
  await t.rejects(readFile(join(view, 'deep')), { code: 'EISDIR' })
})

t.test('perl finds what is in folders of folders: their number of links tells it nothing', async (t) => {
  const script = 'use File::Find; my $n = 0; find(sub { $n++ if -f }, $ARGV[0]); print $n'
  t.equal(await sh(`perl -e '${script}' ${view}`), '6')
  t.equal((await stat(view)).nlink, 1)
})

t.test('cat and wc read every byte', async (t) => {
  for (const [path, bytes] of Object.entries(documents)) t.ok(bytes.equals(await readFile(join(view, path))), path)
  t.equal(await sh(`cat ${view}/deep/er/still/note.txt ${view}/flat.xml`), 'needle\n<needle/>\n')
  t.equal(await sh(`wc -l -c < ${view}/720784109397786/order.edi | tr -s ' '`), ' 3 20\n')
})

t.test('find goes by names, types, sizes and times', async (t) => {
  t.equal(await sh(`find ${view} -name '*.edi' | wc -l`), '3\n')
  t.equal(
    await sh(`cd ${view} && find . -type d | sort | tr '\\n' ' '`, { env: { ...process.env, LC_ALL: 'C' } }),
    '. ./720784109397786 ./720784109397787 ./deep ./deep/er ./deep/er/still ',
  )
  t.equal(await sh(`cd ${view} && find . -type f -size +1M`), './large.bin\n')
  t.equal(await sh(`cd ${view} && find . -type f -empty`), './720784109397787/empty.edi\n')
  t.equal(await sh(`find ${view} -type f -newermt 2026-01-15T09:30:01Z`), '')
})

t.test('grep -r finds text', async (t) => {
  const found = (await sh(`cd ${view} && grep -rI needle .`)).split('\n').sort()
  t.same(found, ['', './deep/er/still/note.txt:needle', './flat.xml:<needle/>'])
})

t.test('du and df have plausible figures', async (t) => {
  const bytes = Object.values(documents).reduce((sum, it) => sum + it.length, 0)
  t.equal(await sh(`du -sb --apparent-size ${view} | cut -f1`), `${bytes}\n`)
  const kilobytes = Number(await sh(`du -sk ${view} | cut -f1`))
  t.ok(kilobytes >= bytes / 1024 && kilobytes < bytes / 1024 + 10, `${kilobytes} KiB on disk`)
  const df = await sh(`df -B1 --output=source,size,avail ${mounted.mountpoint} | tail -1`)
  const [source, size, free] = df.trim().split(/\s+/)
  t.equal(source, 'mftg-test')
  t.ok(Number(size) > 0 && Number(free) > 0 && Number(free) <= Number(size), df)
})

t.test('tar c and cp -r carry all of it away, times included', async (t) => {
  const there = t.testdir()
  await sh(`cp -r --preserve=timestamps ${view} ${there}/copied`)
  await sh(
    `mkdir ${there}/packed && tar -C ${view} -cf ${there}/all.tar . && tar -C ${there}/packed -xf ${there}/all.tar`,
  )
  for (const [path, bytes] of Object.entries(documents)) {
    for (const copy of [join(there, 'copied', path), join(there, 'packed', path)]) {
      t.ok(bytes.equals(await readFile(copy)), copy)
      t.equal((await stat(copy)).mtimeMs, arrival)
    }
  }
})

t.test('python seeks and reads anywhere', async (t) => {
  const script = `
import os, sys
with open(sys.argv[1] + '/large.bin', 'rb') as f:
    for position in (0, 20971519, 1048570, 8388608, 12, 16777210):
        f.seek(position)
        print(position, f.read(11).hex())
    print(f.seek(0, os.SEEK_END), len(f.read(10)))
    print(os.pread(f.fileno(), 4, 30000000).hex())
`
  const expected = [0, 20971519, 1048570, 8388608, 12, 16777210]
    .map((position) => `${position} ${large.subarray(position, position + 11).toString('hex')}\n`)
    .join('')
  t.equal(await python(script), `${expected}20971520 0\n\n`)
})

t.test('python maps a file into memory', async (t) => {
  const script = `
import mmap, sys
with open(sys.argv[1] + '/large.bin', 'rb') as f:
    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        print(len(m), m[10000000:10000010].hex())
`
  t.equal(await python(script), `20971520 ${large.subarray(10_000_000, 10_000_010).toString('hex')}\n`)
})

t.test('the kernel reads a mebibyte ahead, and programs read as much at a time anywhere', async (t) => {
  const readahead = `/sys/class/bdi/${(await mountAt(mounted.mountpoint))?.device}/read_ahead_kb`
  const mayBeSet = await access(readahead, constants.W_OK).then(
    () => true,
    () => false,
  )
  t.equal(await readFile(readahead, 'utf8'), mayBeSet ? '1024\n' : '128\n')
  const script = `
import hashlib, mmap, os, sys
path = sys.argv[1] + '/large.bin'
places = (0, 4096, 135000, 1048576, 1050000, 7 << 20, 12582911, 19922944, 20000000)
for flags in (os.O_RDONLY, os.O_RDONLY | os.O_DIRECT):
    file = os.open(path, flags)
    for position in places:
        # Where its pages are past, too.
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        place = position & ~4095 if flags & os.O_DIRECT else position
        into = mmap.mmap(-1, 3 << 20)
        count = os.preadv(file, [into], place)
        print(place, count, hashlib.md5(into[:count]).hexdigest())
`
  const lines = [0, 4095].flatMap((mask) =>
    [0, 4096, 135_000, 1_048_576, 1_050_000, 7 * 1024 * 1024, 12_582_911, 19_922_944, 20_000_000].map((position) => {
      const place = position - (position & mask)
      const bytes = large.subarray(place, place + 3 * 1024 * 1024)
      return `${place} ${bytes.length} ${createHash('md5').update(bytes).digest('hex')}\n`
    }),
  )
  t.equal(await python(script), lines.join(''))
})

t.test('java lists and reads', { skip: await withoutJava() }, async (t) => {
  const directory = t.testdir({
    'Read.java': `
import java.nio.file.*;
public class Read {
  public static void main(String[] args) throws Exception {
    try (var all = Files.walk(Path.of(args[0]))) { System.out.println(all.filter(Files::isRegularFile).count()); }
    System.out.print(Files.readString(Path.of(args[0], "720784109397786/order.edi")));
  }
}
`,
  })
  const { stdout } = await run('java', [join(directory, 'Read.java'), view])
  t.equal(stdout, `${Object.keys(documents).length}\n${documents['720784109397786/order.edi']?.toString() ?? ''}`)
})

t.test('twenty readers at once get the same bytes', async (t) => {
  const sums = await sh(`for i in $(seq 20); do md5sum < ${view}/large.bin & done; wait`)
  t.equal(new Set(sums.trim().split('\n')).size, 1)
  t.equal(sums.trim().split('\n').length, 20)
})

t.test('what is replaced again and again while many open and read it is one version to each of them', async (t) => {
  const versions = [1, 2, 3, 4].map((it) => Buffer.alloc(4 * 1024 * 1024, it))
  const replace = () => mounted.server.put(`${inbox}/versions.bin`, versions[(turn += 1) % versions.length]!)
  let turn = 0
  replace()
  const path = join(view, 'versions.bin')
  await until('it to be there', async () => (await readdir(view)).includes('versions.bin'))
  // As slowly as a busy machine needs to read one of them now and then.
  let pause = 300
  let replacing = setTimeout(function again() {
    replace()
    replacing = setTimeout(again, (pause *= 1.05))
  }, pause)
  t.teardown(() => clearTimeout(replacing))
  const reader = `
import errno, sys, time
mixed, read, end = 0, 0, time.time() + 5
while time.time() < end or (read == 0 and time.time() < end + 50):
    try:
        with open(sys.argv[1], 'rb') as file:
            content = file.read()
    except OSError as error:
        if error.errno != errno.ESTALE:
            raise
        continue
    read += 1
    mixed += content != content[:1] * ${versions[0]?.length ?? 0}
print(mixed, read > 0)`
  const readers = Array.from({ length: 8 }, () => run('python3', ['-c', reader, path]))
  for (const { stdout, stderr } of await Promise.all(readers)) t.same([stdout, stderr], ['0 True\n', ''])
})

t.test('a file that was opened', async (t) => {
  const pinned = async (name: string) => {
    await until(`a listing with ${name}`, async () => (await readdir(view)).includes(name))
    return open(join(view, name))
  }
  await t.test('is stale once it was replaced beneath, and the new one is read by whoever opens it', async (t) => {
    mounted.server.put(`${inbox}/replaced.edi`, Buffer.from('one'))
    const file = await pinned('replaced.edi')
    mounted.server.put(`${inbox}/replaced.edi`, Buffer.from('two, longer'))
    t.match(await file.readFile().catch((error: unknown) => error), { errno: staleFileHandle })
    await file.close()
    const outcome = await until('the new version', async () => {
      const { stdout } = await run('cat', [join(view, 'replaced.edi')])
      return stdout === 'two, longer'
    })
    t.ok(outcome)
  })
  await t.test('is never cut where a shorter one takes its place, whoever looks at that', async (t) => {
    const former = Buffer.alloc(900_000, 'a')
    mounted.server.put(`${inbox}/shorter.edi`, former)
    const file = await pinned('shorter.edi')
    const beginning = Buffer.alloc(1000)
    await file.read(beginning, 0, beginning.length, 0)
    mounted.server.put(`${inbox}/shorter.edi`, Buffer.alloc(3_000, 'b'))
    await until('the shorter one', async () => (await stat(join(view, 'shorter.edi'))).size === 3_000)
    t.equal((await run('cat', [join(view, 'shorter.edi')])).stdout, 'b'.repeat(3_000), 'the new one is read whole')
    const rest = await file.readFile().catch((error: unknown) => error)
    if (Buffer.isBuffer(rest)) t.ok(rest.equals(former), 'the former one too, where it was read ahead')
    else t.match(rest, { errno: staleFileHandle }, 'or it is an error')
    await file.close()
    t.equal((await run('cat', [join(view, 'shorter.edi')])).stdout.length, 3_000, 'afterwards')
  })
  await t.test('is gone once it was deleted, and the listing has it no more', async (t) => {
    mounted.server.put(`${inbox}/deleted.edi`, Buffer.from('one'))
    const file = await pinned('deleted.edi')
    mounted.server.delete(`${inbox}/deleted.edi`)
    await t.rejects(file.readFile(), { code: 'ENOENT' })
    await file.close()
    t.notOk((await readdir(view)).includes('deleted.edi'))
  })
  await t.test('stays readable where it was read already', async (t) => {
    mounted.server.put(`${inbox}/cached.edi`, Buffer.from('one'))
    const file = await pinned('cached.edi')
    t.equal((await file.readFile()).toString(), 'one')
    mounted.server.put(`${inbox}/cached.edi`, Buffer.from('two'))
    t.equal((await file.read(Buffer.alloc(3), 0, 3, 0)).buffer.toString(), 'one')
    await file.close()
  })
})

t.test('listings', async (t) => {
  const many = await prepare(t, { flags: ['--list-ttl', '1h'] })
  for (let i = 0; i < 300; i += 1) many.server.put(`${inbox}/${1000 + i}/order.edi`, Buffer.from(`order ${i}`))
  await many.mount()
  const partner = many.path('ACME/GLOBEX')
  await t.test('cost one LIST a view, however many messages and folders it has', async (t) => {
    await sh(`ls ${partner}`)
    const before = count(many, 'ListObjectsV2')
    t.match(await sh(`ls -lR ${partner}/inbox | grep -c order.edi`), '300')
    t.equal(count(many, 'ListObjectsV2') - before, 1)
    await sh(`ls -lR ${partner}`)
    // That there is no outbox is known by the folders that were listed for `failed`.
    t.equal(count(many, 'ListObjectsV2') - before, 9, 'nine views')
    await sh(`ls -lR ${partner}`)
    t.equal(count(many, 'ListObjectsV2') - before, 9, 'and no more within the ttl')
  })
  await t.test('are all that a look needs: no HEAD, no GET', (t) => {
    t.equal(count(many, 'HeadObject'), 0)
    t.equal(count(many, 'GetObject'), 0)
    t.end()
  })
})

function count(of: Mounted, operation: string): number {
  return of.server.requests.list.filter((it) => it.operation === operation).length
}

async function withoutJava(): Promise<string | false> {
  const { code } = await run('java', ['--list-modules']).catch(() => ({ code: 127 }))
  return code === 0 ? false : 'java is not installed'
}
