/** Spec 3.8: a folder made in `send/` is a bundle; renamed to `.zip` it is sent, as one archive, once. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, mount, type Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const zipKey = 'AS2/send/ACME/GLOBEX/batch.zip'
/** ENODATA, which Node has no name for. */
const noData = -61
const notSupported = -95

async function send(t: Test, flags: readonly string[] = []): Promise<{ mounted: Mounted; send: string }> {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', ...flags] })
  return { mounted, send: mounted.path('ACME/GLOBEX/send') }
}

/** What another program finds in an archive: names in their order, contents and times. */
async function unpacked(t: Test, zip: Buffer): Promise<{ name: string; text: string; mtime: number }[]> {
  const file = join(t.testdir(), 'it.zip')
  await writeFile(file, zip)
  const script = `
import json, sys, time, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    it = [dict(name=i.filename, text=z.read(i).decode('latin-1'), mtime=int(time.mktime(i.date_time + (0, 0, -1)))) for i in z.infolist()]
    assert all(i.flag_bits & 0x800 or i.filename.isascii() for i in z.infolist())
    print(json.dumps(it))`
  const { code, stdout, stderr } = await run('python3', ['-c', script, file])
  t.equal(code, 0, stderr)
  return JSON.parse(stdout) as { name: string; text: string; mtime: number }[]
}

t.test('a folder', async (t) => {
  const { mounted, send: path } = await send(t)
  const folder = join(path, 'batch')
  await t.test('holds files that are never sent by themselves, and folders', async (t) => {
    await sh(
      `mkdir ${folder} && echo one > ${folder}/one.edi && mkdir -p ${folder}/a/b && echo deep > ${folder}/a/b/c.edi`,
    )
    t.match(await inState(mounted, 'batch/one.edi', 'held'), { reason: 'bundle' })
    t.match(await inState(mounted, 'batch/a/b/c.edi', 'held'), { reason: 'bundle' })
    t.same(await readdir(folder), ['a', 'one.edi'])
    t.equal(await readFile(join(folder, 'a/b/c.edi'), 'utf8'), 'deep\n')
    t.match(await run(process.execPath, [...as2fsQueue(mounted), 'release', 'batch/one.edi']), {
      code: 1,
      stderr: /part of a folder: rename that to a name that ends in \.zip/,
    })
  })
  await t.test('as2fs info says how it is sent', async (t) => {
    const { stdout } = await run(process.execPath, [as2fs, 'info', folder])
    t.match(stdout, /state +held\n/)
    t.match(stdout, /reason +A folder is sent by renaming it to a name that ends in \.zip\.\n/)
  })
  await t.test('is a folder in all other respects', async (t) => {
    await t.rejects(rmdir(folder), { code: 'ENOTEMPTY' })
    await t.rejects(rmdir(join(folder, 'a')), { code: 'ENOTEMPTY' })
    await t.rejects(mkdir(folder), { code: 'EEXIST' })
    await t.rejects(mkdir(join(path, 'nowhere/x')), { code: 'ENOENT' })
    await t.rejects(writeFile(join(path, 'nowhere/x'), 'x'), { code: 'ENOENT' })
    await t.rejects(mkdir(join(folder, 'one.edi')), { code: 'EEXIST' })
    await sh(`mv ${folder}/a/b/c.edi ${folder}/c.edi && rmdir ${folder}/a/b`)
    await sh(`mv ${folder}/a ${folder}/z && rm -r ${folder}/z`)
    t.same((await readdir(folder)).sort(), ['c.edi', 'one.edi'])
  })
  await t.test('gives up a file that is moved out of it: that one is sent', async (t) => {
    await sh(`mv ${folder}/c.edi ${path}/c.edi`)
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/c.edi')).toString(), 'deep\n')
  })
  await t.test('takes a file that is moved into it: that one is not', async () => {
    await sh(`echo held > ${path}/x.tmp && mv ${path}/x.tmp ${folder}/x.edi`)
    await inState(mounted, 'batch/x.edi', 'held')
  })
  await t.test('is there after a restart', async (t) => {
    await mounted.kill('SIGKILL')
    await mounted.mount()
    t.same((await readdir(folder)).sort(), ['one.edi', 'x.edi'])
  })
  await t.test('may be removed with all that is in it', async (t) => {
    await sh(`rm -r ${folder}`)
    t.same(await readdir(path), ['c.edi'])
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/c.edi'])
  })
})

t.test('mv batch batch.zip', async (t) => {
  const { mounted, send: path } = await send(t, ['--list-ttl', '100ms'])
  await t.test('sends one archive: in binary order, names in UTF-8, times kept', async (t) => {
    const from = t.testdir({
      batch: { 'b.edi': 'b', 'a.edi': 'a', 'ü.edi': 'ü', '🚚.edi': 'truck', '\uff5e.edi': '~', sub: { 'x.edi': 'x' } },
    })
    await utimes(join(from, 'batch/a.edi'), 0, Date.UTC(2026, 1, 2, 3, 4, 6) / 1000)
    await sh(`cp -rp ${from}/batch ${path} && mv ${path}/batch ${path}/batch.zip`)
    const zip = await mounted.inBucket(zipKey)
    const members = await unpacked(t, zip)
    t.same(
      members.map((it) => it.name),
      ['a.edi', 'b.edi', 'sub/x.edi', 'ü.edi', '\uff5e.edi', '🚚.edi'],
    )
    t.equal(Buffer.from(members[3]?.text ?? '', 'latin1').toString(), 'ü')
    t.equal(members[0]?.mtime, Date.UTC(2026, 1, 2, 3, 4, 6) / 1000)
    t.same(mounted.puts(), [zipKey])
  })
  await t.test('leaves nothing else behind, here or in the spool', async (t) => {
    t.same(
      await until('the kernel to know', async () =>
        (await stat(`${path}/batch.zip`)).isFile() ? readdir(path) : undefined,
      ),
      ['batch.zip'],
    )
    await inState(mounted, 'batch.zip', 'submitted')
    t.same(
      await until('an empty spool', async () => {
        const left = await readdir(join(mounted.stateDirectory, 'spool/data'))
        return left.length === 0 ? left : undefined
      }),
      [],
    )
  })
  await t.test('the name is refused for six hours as any other, and another is not', async (t) => {
    await sh(`mkdir ${path}/batch && echo again > ${path}/batch/x.edi`)
    mounted.server.delete(zipKey)
    await until('it to be taken', async () => !(await readdir(path)).includes('batch.zip'))
    await until('the kernel to know', () =>
      stat(`${path}/batch.zip`).then(
        () => false,
        () => true,
      ),
    )
    await t.rejects(rename(`${path}/batch`, `${path}/batch.zip`), { code: 'EEXIST' })
    await rename(`${path}/batch`, `${path}/other.ZIP`)
    t.equal((await unpacked(t, await mounted.inBucket('AS2/send/ACME/GLOBEX/other.ZIP')))[0]?.text, 'again\n')
  })
  await t.test('a folder within another may be sent too, and leaves that one as it is', async (t) => {
    await sh(`mkdir -p ${path}/year/day && echo a > ${path}/year/day/a.edi && echo b > ${path}/year/b.edi`)
    await sh(`mv ${path}/year/day ${path}/day.zip`)
    const members = await unpacked(t, await mounted.inBucket('AS2/send/ACME/GLOBEX/day.zip'))
    t.same(
      members.map((it) => it.name),
      ['a.edi'],
    )
    t.same(await readdir(`${path}/year`), ['b.edi'])
    await sh(`rm -r ${path}/year`)
  })
  await t.test('rsync -r makes one too, and an unfinished name holds the archive', async (t) => {
    const from = t.testdir({ docs: { 'one.edi': 'one', 'two.edi': 'two' } })
    await sh(`rsync -r ${from}/docs ${path} && mv ${path}/docs ${path}/.docs.zip`)
    t.match(
      await until('its name', async () =>
        (await sendRows(mounted)).find((it) => it.path === '.docs.zip' && it.reason === 'name'),
      ),
      { state: 'held' },
    )
    await until('the kernel to know', async () => (await stat(`${path}/.docs.zip`)).isFile())
    await sh(`mv ${path}/.docs.zip ${path}/docs.zip`)
    t.equal((await unpacked(t, await mounted.inBucket('AS2/send/ACME/GLOBEX/docs.zip'))).length, 2)
  })
})

t.test('what is not sent, and is left as it was', async (t) => {
  const { mounted, send: path } = await send(t)
  const folder = join(path, 'batch')
  const refused = async (t: Test, expected: object, to = 'batch.zip') => {
    const error: unknown = await rename(folder, join(path, to)).then(
      () => undefined,
      (it: unknown) => it,
    )
    t.match(error, expected)
    t.ok((await readdir(path)).includes('batch'))
  }
  await mkdir(folder)
  await t.test('an empty one: ENODATA', (t) => refused(t, { errno: noData }))
  await mkdir(join(folder, 'sub'))
  await t.test('one of empty folders: ENODATA', (t) => refused(t, { errno: noData }))
  await writeFile(join(folder, 'one.edi'), 'one')
  await t.test('under a name that is no archive’s: EOPNOTSUPP', async (t) => {
    for (const name of ['batch2', 'batch.tar', '.zip']) await refused(t, { errno: notSupported }, name)
  })
  await t.test('over another folder: EEXIST, and ENOTEMPTY where that has something in it', async (t) => {
    const other = join(path, 'batch.zip')
    await mkdir(other)
    await refused(t, { code: 'EEXIST' })
    await writeFile(join(other, 'other.edi'), 'other')
    await inState(mounted, 'batch.zip/other.edi', 'held')
    await refused(t, { code: 'ENOTEMPTY' })
    t.same(await readdir(other), ['other.edi'])
    await sh(`rm -r ${other}`)
  })
  await t.test('with a file that is being written: EBUSY', async (t) => {
    const file = await open(join(folder, 'open.edi'), 'w')
    await file.write('half')
    await refused(t, { code: 'EBUSY' })
    await file.close()
    await inState(mounted, 'batch/open.edi', 'held')
  })
  await t.test('with a file whose name looks unfinished: EBUSY', async (t) => {
    await writeFile(join(folder, 'sub/two.tmp'), 'two')
    await inState(mounted, 'batch/sub/two.tmp', 'held')
    await refused(t, { code: 'EBUSY' })
    t.match(mounted.log, /batch is not sent as batch\.zip: sub\/two\.tmp looks unfinished: rename or remove it\./)
    await sh(`mv ${folder}/sub/two.tmp ${folder}/two.edi`)
  })
  await t.test('with an empty file: ENODATA', async (t) => {
    await sh(`touch ${folder}/empty.edi`)
    await inState(mounted, 'batch/empty.edi', 'held')
    await refused(t, { errno: noData })
    await sh(`rm ${folder}/empty.edi`)
  })
  await t.test('with a file whose writer was killed, until it is vouched for: EBUSY', async (t) => {
    await run('sh', ['-c', `sh -c 'echo half; kill -9 $$' > ${folder}/killed.edi`])
    const held = await until('it to be held', async () =>
      (await sendRows(mounted)).find((it) => it.path === 'batch/killed.edi' && it.state === 'held'),
    )
    if (held.reason === 'killed') {
      await refused(t, { code: 'EBUSY' })
      await run(process.execPath, [...as2fsQueue(mounted), 'release', 'batch/killed.edi'])
    }
    t.match(await inState(mounted, 'batch/killed.edi', 'held'), { reason: 'bundle' })
  })
  await t.test('with a name that not every program can unpack: EOPNOTSUPP', async (t) => {
    await writeFile(join(folder, String.raw`a\b.edi`), 'x')
    await inState(mounted, String.raw`batch/a\b.edi`, 'held')
    await refused(t, { errno: notSupported })
    await sh(String.raw`rm '${folder}/a\b.edi'`)
  })
  await t.test('and it goes out when all is well', async (t) => {
    await rename(folder, join(path, 'batch.zip'))
    t.same(
      (await unpacked(t, await mounted.inBucket(zipKey))).map((it) => it.name),
      ['killed.edi', 'one.edi', 'open.edi', 'two.edi'],
    )
    t.same(mounted.puts(), [zipKey])
  })
})

t.test('a big bundle', async (t) => {
  const { mounted, send: path } = await send(t, ['--settle', '1h'])
  const folder = join(path, 'batch')
  const files = Array.from({ length: 3 }, () => randomBytes(10 * 1024 * 1024))
  const written = async (): Promise<void> => {
    await mkdir(folder)
    for (const [i, bytes] of files.entries()) await writeFile(join(folder, `${i}.dat`), bytes)
  }
  await t.test('is accepted at once and packed behind it: killed meanwhile, at the next mount', async (t) => {
    await written()
    await rename(folder, join(path, 'batch.zip'))
    t.match(
      (await sendRows(mounted)).find((it) => it.path === 'batch.zip'),
      { state: 'held', reason: 'packing' },
    )
    await mounted.kill('SIGKILL')
    await mounted.mount()
    await inState(mounted, 'batch.zip', 'queued')
    t.same(mounted.puts(), [])
    t.equal(await mounted.kill('SIGTERM'), 0)
    const members = await unpacked(t, await mounted.inBucket(zipKey))
    t.same(
      members.map((it) => Buffer.from(it.text, 'latin1')).map((it, i) => files[i]?.equals(it)),
      files.map(() => true),
    )
    t.same(mounted.puts(), [zipKey])
    t.same(await readdir(join(mounted.stateDirectory, 'spool/data')), [])
    await t.rejects(readdir(join(mounted.stateDirectory, 'spool/lost+found')), { code: 'ENOENT' })
  })
  await t.test('one that is not packed when the time to drain is over, is at the next mount', async (t) => {
    mounted.server.delete(zipKey)
    await mounted.mount(['--drain', '1ms'])
    await written()
    await rename(folder, join(path, 'later.zip'))
    t.equal(await mounted.kill('SIGTERM'), 0)
    t.match(mounted.log, /1 file stays in the queue until the next mount: ACME\/GLOBEX\/later\.zip/)
    t.same(mounted.puts(), [zipKey])
    // A busy machine would see it uploaded before it has looked.
    await mounted.mount(['--settle', '1h'])
    await inState(mounted, 'later.zip', 'queued')
    t.equal(await mounted.kill('SIGTERM'), 0)
    t.equal((await unpacked(t, await mounted.inBucket('AS2/send/ACME/GLOBEX/later.zip'))).length, files.length)
    mounted.server.delete('AS2/send/ACME/GLOBEX/later.zip')
  })
  await t.test('may be cancelled while it is packed', async (t) => {
    mounted.server.delete(zipKey)
    await mounted.mount(['--on-duplicate', 'send'])
    await until('the old one to be taken', async () => !(await readdir(path)).includes('batch.zip'))
    await written()
    await rename(folder, join(path, 'next.zip'))
    t.match(await run(process.execPath, [...as2fsQueue(mounted), 'cancel', 'next.zip']), { code: 0 })
    await until('an empty spool', async () => (await readdir(join(mounted.stateDirectory, 'spool/data'))).length === 0)
    t.notOk((await sendRows(mounted)).some((row) => row.path === 'next.zip'))
    t.notOk(mounted.puts().some((key) => key.endsWith('next.zip')))
  })
})

function as2fsQueue(mounted: Mounted): string[] {
  return [as2fs, 'queue', mounted.mountpoint]
}
