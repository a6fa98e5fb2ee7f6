/** Files that have failed, or would: what may be done to them, and what makes a file of them that is sent. */
import { mkdir, open, readFile, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mount, prepare, type Mounted } from '../helpers/mounted.js'
import { withoutRoot } from '../helpers/nobody.js'
import { run, sh } from '../helpers/run.js'
import { inState } from '../helpers/send-state.js'

const skip = withoutRoot()
const flags = ['--station', 'ACME/GLOBEX']
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`
const large = Buffer.alloc(20_000_000, 'x')

/** A mount whose state directory is on a disk of 8 MiB. */
async function onSmallDisk(t: Test): Promise<Mounted> {
  const mounted = await prepare(t, { flags })
  await mkdir(mounted.stateDirectory)
  await sh(`mount -t tmpfs -o size=8m,mode=700 tmpfs ${mounted.stateDirectory}`)
  t.teardown(() => run('umount', ['-l', mounted.stateDirectory]))
  await mounted.mount()
  return mounted
}

t.test('a file whose disk was full', { skip }, async (t) => {
  const mounted = await onSmallDisk(t)
  const send = mounted.path('ACME/GLOBEX/send')
  const failed = async (name: string): Promise<string> => {
    await t.rejects(writeFile(join(send, name), large), { code: 'ENOSPC' })
    await inState(mounted, name, 'failed')
    return join(send, name)
  }
  const small = join(mounted.directory, 'small.edi')
  await writeFile(small, 'ISA*00*')

  await t.test('is written anew by cp, and sent', async (t) => {
    await sh(`cp ${small} ${await failed('cp.edi')}`)
    t.equal((await mounted.inBucket(key('cp.edi'))).toString(), 'ISA*00*')
  })
  await t.test('is cut to nothing by truncate(2), and then an empty file like any other', async (t) => {
    const path = await failed('cut.edi')
    await truncate(path, 0)
    t.match(await inState(mounted, 'cut.edi', 'held'), { reason: 'empty', size: 0 })
    await sh(`echo hi >> ${path}`)
    t.equal((await mounted.inBucket(key('cut.edi'))).toString(), 'hi\n')
  })
  await t.test('is written anew by the program that has it open yet', async (t) => {
    const path = join(send, 'open.edi')
    const file = await open(path, 'w')
    await t.rejects(
      (async () => {
        for (let i = 0; i < 20; i += 1) await file.write(large, 0, 1_000_000)
        await file.sync()
      })(),
      { code: 'ENOSPC' },
    )
    await t.rejects(file.write('more'), { code: 'ENOSPC' }, 'more of it is in vain')
    await file.truncate(0)
    await file.write('ISA*01*', 0)
    await file.close()
    t.equal((await mounted.inBucket(key('open.edi'))).toString(), 'ISA*01*')
  })
  await t.test('is not mended by anything else, and never sent', async (t) => {
    const path = await failed('damaged.edi')
    const before = await inState(mounted, 'damaged.edi', 'failed')
    await t.rejects(truncate(path, 5), { code: 'EIO' })
    const file = await open(path, 'r+')
    await t.rejects(file.write('more'), { code: 'EIO' })
    await file.close()
    t.match(await run('sh', ['-c', `echo more >> ${path}`]), { stderr: /I\/O error/ })
    await sh(`touch -c ${path}`)
    const { size, error } = await inState(mounted, 'damaged.edi', 'failed')
    t.same({ size, error }, { size: before.size, error: before.error }, 'it is as it was')
    await unlink(path)
  })
  t.same(mounted.puts().sort(), ['cp.edi', 'cut.edi', 'open.edi'].map(key))
})

t.test('a file that S3 refused is written anew, and sent', async (t) => {
  const mounted = await mount(t, { flags })
  const path = mounted.path('ACME/GLOBEX/send/order.edi')
  mounted.server.intercept = (operation) =>
    operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined
  await writeFile(path, 'refused')
  await inState(mounted, 'order.edi', 'failed')
  mounted.server.intercept = undefined
  await writeFile(path, 'anew')
  t.equal((await mounted.inBucket(key('order.edi'))).toString(), 'anew')
  t.same(mounted.puts(), [key('order.edi')])
})

t.test('what can’t be is refused, and the file is as it was', async (t) => {
  const mounted = await mount(t, { flags: [...flags, '--settle', '1h'] })
  const send = mounted.path('ACME/GLOBEX/send')
  const path = join(send, 'order.edi')
  await writeFile(path, 'ISA*00*')
  await inState(mounted, 'order.edi', 'queued')
  await t.test('a length that no object has', async (t) => {
    t.match(await run('truncate', ['-s', String(2n ** 62n), path]), { stderr: /File too large/ })
    const file = await open(path, 'r+')
    await t.rejects(truncate(path, 5 * 2 ** 40 + 1), { code: 'EFBIG' })
    await t.rejects(file.truncate(5 * 2 ** 40 + 1), { code: 'EFBIG' })
    await t.rejects(file.write('x', 5 * 2 ** 40), { code: 'EFBIG' })
    await file.close()
    t.match(await inState(mounted, 'order.edi', 'queued'), { size: 7 })
    t.equal(await readFile(path, 'utf8'), 'ISA*00*')
  })
  await t.test('a name of more than 255 bytes', async (t) => {
    await t.rejects(writeFile(join(send, 'x'.repeat(256)), 'x'), { code: 'ENAMETOOLONG' })
    await t.rejects(writeFile(join(send, 'é'.repeat(128)), 'x'), { code: 'ENAMETOOLONG' })
    await writeFile(join(send, 'x'.repeat(255)), 'x')
  })
  await t.test('but a time before 1970 is a time', async () => {
    await utimes(path, new Date('1960-01-01'), new Date('1960-01-01'))
    await inState(mounted, 'order.edi', 'queued')
  })
})
