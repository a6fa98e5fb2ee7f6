/** The disk of the state directory turns read-only, or fails: nothing is promised that can't be kept, nothing is sent twice. */
import { open, readFile, rename, unlink, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { failingDisk, type FailingDisk } from '../helpers/failing-disk.js'
import { prepare, type Mounted } from '../helpers/mounted.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`
const sentence = /The journal of send\/ can't be written \((EROFS|EIO)\)/

/** A mount whose spool is on a disk that can be broken. */
async function onFailingDisk(t: Test, flags: readonly string[] = []): Promise<{ mounted: Mounted; disk: FailingDisk }> {
  const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', ...flags] })
  await mounted.mount()
  await mounted.kill('SIGTERM')
  const disk = await failingDisk(t, join(mounted.stateDirectory, 'spool'))
  await mounted.mount()
  return { mounted, disk }
}

/** Holds the next uploads back in the bucket. @returns `begun`: one has come; `answer` lets them go on */
function holdUploads(mounted: Mounted): { readonly begun: Promise<void>; readonly answer: () => void } {
  let begin: () => void = () => undefined
  let release: () => void = () => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const hold = new Promise<void>((resolve) => (release = resolve))
  mounted.server.intercept = (operation) => {
    if (operation !== 'PutObject') return undefined
    begin()
    return { hold }
  }
  const answer = (): void => {
    mounted.server.intercept = undefined
    release()
  }
  return { begun, answer }
}

/** Writes half a file, and goes on when the disk is broken. @returns what the program was told in the end */
async function goOn(file: FileHandle): Promise<string | undefined> {
  try {
    await file.write('second half')
    await file.sync()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    await file.close().catch(() => undefined)
  }
}

// Each has a mount of its own, and mostly waits.
t.jobs = 3

for (const failure of [
  { errno: 'EROFS', of: 'changes' },
  { errno: 'EIO', of: 'changes' },
] as const) {
  t.test(`a state directory that answers every change with ${failure.errno}`, async (t) => {
    const { mounted, disk } = await onFailingDisk(t)
    const send = mounted.path('ACME/GLOBEX/send')
    await writeFile(join(send, 'held.tmp'), 'held')
    await inState(mounted, 'held.tmp', 'held')
    const half = await open(join(send, 'half.edi'), 'w')
    await half.write('first half, ')
    const { begun, answer } = holdUploads(mounted)
    await writeFile(join(send, 'under-way.edi'), 'under way')
    await begun
    await disk.fail(failure)

    await t.test('nothing is accepted, and nothing changes', async (t) => {
      await t.rejects(writeFile(join(send, 'new.edi'), 'new'), { code: 'EIO' })
      await t.rejects(rename(join(send, 'held.tmp'), join(send, 'held.edi')), { code: 'EIO' })
      await t.rejects(unlink(join(send, 'held.tmp')), { code: 'EIO' })
      t.equal(await goOn(half), 'EIO')
      t.equal(await readFile(join(send, 'held.tmp'), 'utf8'), 'held', 'own files are read back')
    })
    await t.test('what S3 acknowledges meanwhile is not sent again', async () => {
      answer()
      await mounted.inBucket(key('under-way.edi'))
    })
    await t.test('the status says so, and the log, once', async (t) => {
      await until('the status', async () => (await mounted.status()).problems.some((it) => sentence.test(it)))
      t.equal(mounted.log.split('\n').filter((line) => sentence.test(line) && line.includes('"level":50')).length, 1)
    })
    await t.test('when it works again, so does all that waits', async () => {
      await disk.fail(undefined)
      await inState(mounted, 'under-way.edi', 'submitted')
      await writeFile(join(send, 'new.edi'), 'new')
      await rename(join(send, 'held.tmp'), join(send, 'held.edi'))
      await mounted.inBucket(key('held.edi'))
      await mounted.inBucket(key('new.edi'))
      await inState(mounted, 'half.edi', 'failed')
      await until('the status', async () => !(await mounted.status()).problems.some((it) => sentence.test(it)))
    })
    await t.test('and a crash after it finds all as it was told', async (t) => {
      await mounted.kill('SIGKILL')
      await mounted.mount()
      t.match(
        (await sendRows(mounted))
          .map(({ path, state }) => ({ path, state }))
          .sort((a, b) => (a.path < b.path ? -1 : 1)),
        [
          { path: 'half.edi', state: 'failed' },
          ...['held.edi', 'new.edi', 'under-way.edi'].map((path) => ({ path, state: 'submitted' })),
        ],
      )
      t.same(mounted.puts().sort(), ['held.edi', 'new.edi', 'under-way.edi'].map(key))
    })
  })
}

t.test('what waits when it turns read-only is not begun, and is sent once, even by another daemon', async (t) => {
  const { mounted, disk } = await onFailingDisk(t, ['--settle', '2s'])
  const send = mounted.path('ACME/GLOBEX/send')
  for (const name of ['1', '2', '3']) {
    await writeFile(join(send, name), name)
    await inState(mounted, name, 'queued')
  }
  await disk.fail({ errno: 'EROFS', of: 'changes' })
  await until('an upload to be tried', async () => (await mounted.status()).problems.some((it) => sentence.test(it)))
  t.same(mounted.puts(), [])
  await mounted.kill('SIGKILL')
  await disk.fail(undefined)
  await mounted.mount()
  for (const name of ['1', '2', '3']) await mounted.inBucket(key(name))
  t.same(mounted.puts().sort(), ['1', '2', '3'].map(key))
})

t.test('killed after S3 has acknowledged what could not be written down any more: it is not sent again', async (t) => {
  const { mounted, disk } = await onFailingDisk(t)
  const send = mounted.path('ACME/GLOBEX/send')
  const { begun, answer } = holdUploads(mounted)
  await writeFile(join(send, 'order.edi'), 'order')
  await begun
  await disk.fail({ errno: 'EROFS', of: 'changes' })
  answer()
  await until('the failure', () => sentence.test(mounted.log))
  await mounted.kill('SIGKILL')
  await disk.fail(undefined)
  await mounted.mount()
  await inState(mounted, 'order.edi', 'submitted')
  t.same(mounted.puts(), [key('order.edi')])
})

for (const [size, content] of Object.entries({ small: 'order', large: Buffer.alloc(1024 * 1024) })) {
  const what = `a disk that takes writes and fails to sync them: close(2) of a ${size} file says so, and the file is never sent`
  t.test(what, async (t) => {
    const { mounted, disk } = await onFailingDisk(t)
    const send = mounted.path('ACME/GLOBEX/send')
    await disk.fail({ errno: 'EIO', of: 'syncs' })
    await t.rejects(writeFile(join(send, 'order.edi'), content), { code: 'EIO' })
    await disk.fail(undefined)
    // Where the journal was to be synced, too, it is made anew before anything is promised on it again.
    const isTaken = (): Promise<boolean> =>
      writeFile(join(send, 'next.edi'), 'next').then(
        () => true,
        () => false,
      )
    await until('a file to be taken', isTaken)
    await mounted.inBucket(key('next.edi'))
    t.match(await inState(mounted, 'order.edi', 'failed'), { error: /not complete/ })
    await mounted.kill('SIGKILL')
    await mounted.mount()
    await inState(mounted, 'order.edi', 'failed')
    t.same(mounted.puts(), [key('next.edi')])
  })
}
