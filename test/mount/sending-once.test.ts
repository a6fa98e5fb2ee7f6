/** Spec 3.1 to 3.3 and 3.10: nothing goes out before its time, each file in one piece, whatever it is called. */
import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mostContent } from '../../src/send/life/contents.js'
import { as2fs, mount, type Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const mebibyte = 1024 * 1024

async function send(t: Test, flags: readonly string[] = []): Promise<{ mounted: Mounted; send: string }> {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--station', 'ACME/INITECH', ...flags] })
  return { mounted, send: mounted.path('ACME/GLOBEX/send') }
}

t.test('nothing is uploaded before the last close', async (t) => {
  const { mounted, send: path } = await send(t, ['--settle', '0s'])
  const file = await open(join(path, 'open.edi'), 'w')
  await file.write('one ')
  await file.sync()
  // A second descriptor is closed, and another file comes and goes meanwhile.
  await appendFile(join(path, 'open.edi'), 'two ')
  await writeFile(join(path, 'closed.edi'), 'closed')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/closed.edi')
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/closed.edi'])
  t.match(
    (await sendRows(mounted)).find((it) => it.path === 'open.edi'),
    { state: 'open' },
  )
  await file.write('three', 8)
  await file.close()
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/open.edi')).toString(), 'one two three')
  t.equal(mounted.puts().length, 2)
})

t.test('above --multipart-threshold a file goes in parts, and memory does not grow with it', async (t) => {
  const { mounted, send: path } = await send(t, ['--multipart-threshold', '8MiB'])
  await writeFile(join(path, 'small.dat'), randomBytes(8 * mebibyte))
  await inState(mounted, 'small.dat', 'submitted')
  t.notOk(mounted.server.requests.list.some((it) => it.operation === 'CreateMultipartUpload'))
  const before = await peakMemory(mounted.pid)
  const block = randomBytes(mebibyte)
  const file = await open(join(path, 'large.dat'), 'w')
  for (let i = 0; i < 256; i += 1) await file.write(block)
  await file.close()
  const bytes = await until('the upload', () => mounted.server.get('AS2/send/ACME/GLOBEX/large.dat'))
  t.equal(bytes.length, 256 * mebibyte)
  t.ok(
    Array.from({ length: 256 }, (_, i) => bytes.subarray(i * mebibyte, (i + 1) * mebibyte)).every((it) =>
      it.equals(block),
    ),
  )
  t.ok((await peakMemory(mounted.pid)) - before < 150 * mebibyte, 'within 150 MiB')
  t.equal(mounted.puts().filter((key) => key.endsWith('large.dat')).length, 1)
})

t.test('what is written is in files of the owner’s alone', async (t) => {
  const { mounted, send: path } = await send(t, ['--settle', '1h'])
  await writeFile(join(path, 'order.edi'), 'ISA*00*'.padEnd(mostContent + 1))
  const { id } = await inState(mounted, 'order.edi', 'queued')
  const spool = join(mounted.stateDirectory, 'spool')
  t.equal((await stat(join(spool, 'data', id))).mode & 0o777, 0o600)
  t.equal((await stat(join(spool, 'data'))).mode & 0o777, 0o700)
  t.equal((await stat(join(spool, 'journal'))).mode & 0o777, 0o600)
})

t.test('a name that is given up within --settle never goes out', async (t) => {
  const { mounted, send: path } = await send(t, ['--settle', '1500ms'])
  await writeFile(join(path, 'tmpq1w2'), 'ISA*00*')
  const first = await inState(mounted, 'tmpq1w2', 'queued')
  await rename(join(path, 'tmpq1w2'), join(path, 'sedA1b2C3'))
  await rename(join(path, 'sedA1b2C3'), join(path, 'order.edi'))
  const last = await inState(mounted, 'order.edi', 'queued')
  t.ok((last.nextTryAt ?? 0) > (first.nextTryAt ?? 0), 'a rename begins the time anew')
  await appendFile(join(path, 'order.edi'), 'more')
  const appended = await inState(mounted, 'order.edi', 'queued')
  t.ok((appended.nextTryAt ?? 0) > (last.nextTryAt ?? 0), 'so does a write')
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')).toString(), 'ISA*00*more')
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/order.edi'])
})

t.test('with patterns of one’s own, others are final, and what libfuse hides is never sent', async (t) => {
  const { mounted, send: path } = await send(t, ['--hold', '*.draft', '--hold', 'wip-*'])
  for (const name of ['a.draft', 'wip-a.edi', '.fuse_hidden0001', 'a.tmp']) await writeFile(join(path, name), name)
  await mounted.inBucket('AS2/send/ACME/GLOBEX/a.tmp')
  for (const name of ['a.draft', 'wip-a.edi', '.fuse_hidden0001']) {
    t.match(await inState(mounted, name, 'held'), { reason: 'name' }, name)
  }
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.tmp'])
})

t.test('as2fs queue release sends a held file, unless its name was sent', async (t) => {
  const { mounted, send: path } = await send(t)
  mounted.server.put('AS2/files/ACME/GLOBEX/outbox/1/b.tmp', Buffer.from('theirs'))
  await writeFile(join(path, 'a.tmp'), 'a')
  await inState(mounted, 'a.tmp', 'held')
  t.match(await queue(mounted, 'release', 'a.tmp'), { code: 0, stdout: 'a.tmp is on its way.\n' })
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/a.tmp')).toString(), 'a')
  await writeFile(join(path, 'b.tmp'), 'b')
  await inState(mounted, 'b.tmp', 'held')
  await queue(mounted, 'release', 'b.tmp')
  t.match((await inState(mounted, 'b.tmp', 'failed')).error, /sent within six hours/)
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.tmp'])
})

t.test('as2fs queue', async (t) => {
  const { mounted, send: path } = await send(t, ['--settle', '1h'])
  await writeFile(join(path, 'both.tmp'), 'x')
  await writeFile(mounted.path('ACME/INITECH/send/both.tmp'), 'x')
  await writeFile(join(path, 'queued.edi'), 'ISA*00*')
  await inState(mounted, 'queued.edi', 'queued')
  await t.test('shows partner, name, size, state, age, tries, next try and error', async (t) => {
    const { stdout } = await queue(mounted)
    t.match(stdout, /^PARTNER +NAME +SIZE +STATE +AGE +TRIES +NEXT TRY +ERROR\n/)
    t.match(stdout, /^ACME\/GLOBEX +both\.tmp +1 B +held \(unfinished name\) +\d s +0 +- +-$/m)
    t.match(stdout, /^ACME\/GLOBEX +queued\.edi +7 B +queued +\d s +0 +in \d+ min +-$/m)
  })
  await t.test('says how to name a file that several partners have', async (t) => {
    t.match(await queue(mounted, 'cancel', 'both.tmp'), {
      code: 1,
      stderr: "as2fs: There are 2 files named 'both.tmp': say which (ACME/GLOBEX/both.tmp, ACME/INITECH/both.tmp).\n",
    })
    t.match(await queue(mounted, 'cancel', 'ACME/INITECH/both.tmp'), { code: 0 })
    t.match(await queue(mounted, 'cancel', 'both.tmp'), { code: 0, stdout: 'both.tmp is cancelled.\n' })
  })
  await t.test('refuses with one sentence what makes no sense', async (t) => {
    const refusals = [
      ['release', 'queued.edi', 'queued.edi is queued, not held.'],
      ['cancel', 'nothing.edi', "There is no file 'nothing.edi' in the queue."],
    ] as const
    for (const [action, name, sentence] of refusals) {
      t.match(await queue(mounted, action, name), { code: 1, stdout: '', stderr: `as2fs: ${sentence}\n` })
    }
    await writeFile(join(path, 'held.tmp'), 'x')
    await inState(mounted, 'held.tmp', 'held')
    t.match(await queue(mounted, 'retry', 'held.tmp'), {
      code: 1,
      stderr: 'as2fs: held.tmp is held: release sends it.\n',
    })
  })
  await t.test('retry sends one that waits, at once', async (t) => {
    t.match(await queue(mounted, 'retry', 'queued.edi'), { code: 0, stdout: 'queued.edi is tried again now.\n' })
    await mounted.inBucket('AS2/send/ACME/GLOBEX/queued.edi')
    await inState(mounted, 'queued.edi', 'submitted')
    for (const action of ['retry', 'cancel', 'release']) {
      t.match(await queue(mounted, action, 'queued.edi'), { code: 1, stderr: /submitted already: the gateway has it/ })
    }
  })
  await t.test('retry sends one that has failed, once the reason is gone', async (t) => {
    mounted.server.intercept = (operation) =>
      operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined
    await writeFile(join(path, 'failed.edi'), 'ISA*00*')
    await inState(mounted, 'failed.edi', 'queued')
    await queue(mounted, 'retry', 'failed.edi')
    await inState(mounted, 'failed.edi', 'failed')
    t.match((await queue(mounted)).stdout, /failed\.edi +7 B +failed +\d+ s +1 +- +.*not allowed/)
    mounted.server.intercept = undefined
    await queue(mounted, 'retry', 'failed.edi')
    await mounted.inBucket('AS2/send/ACME/GLOBEX/failed.edi')
  })
})

t.test('a key of more than 1,024 bytes is ENAMETOOLONG', async (t) => {
  const { mounted, send: path } = await send(t)
  const folder = join(path, 'b'.repeat(255), 'c'.repeat(255), 'd'.repeat(255))
  await mkdir(folder, { recursive: true })
  // AS2/send/ACME/GLOBEX/ has 21 bytes, each folder 256: 235 are left.
  await writeFile(join(folder, 'x'.repeat(235)), 'fits')
  await t.rejects(writeFile(join(folder, 'x'.repeat(236)), 'x'), { code: 'ENAMETOOLONG' })
  await t.rejects(mkdir(join(folder, 'y'.repeat(236))), { code: 'ENAMETOOLONG' })
  t.equal(await readFile(join(folder, 'x'.repeat(235)), 'utf8'), 'fits')
  await sh(`rm -r ${path}/b*`)
  t.same(await readdir(path), [])
  t.same(mounted.puts(), [])
})

function queue(mounted: Mounted, ...words: string[]) {
  return run(process.execPath, [as2fs, 'queue', mounted.mountpoint, ...words])
}

/** The most that a process had resident so far. */
async function peakMemory(pid: number): Promise<number> {
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes) * 1024
}
