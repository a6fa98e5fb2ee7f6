/** What may be done to a file in `send/`, by its state, and what waits for somebody. */
import {
  chmod,
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mount } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const partners = ['--station', 'ACME/GLOBEX', '--station', 'ACME/INITECH']

t.test('held, and what frees it', async (t) => {
  const mounted = await mount(t, { flags: partners })
  const send = mounted.path('ACME/GLOBEX/send')
  const unfinished = [
    ...['.x', 'x~', '~$x.docx', '#x#', 'x.tmp', 'X.TMP', 'x.temp', 'x.part', 'x.partial', 'x.filepart', 'x.swp'],
    ...['x.crdownload', 'x.download', 'x.lck', 'x.Lock', 'x.uploading', 'x.inprogress', 'x.writing', 'x.bts-wip'],
    ...['x.lftp', 'x.camelLock', '4913', 'thumbs.db', 'Desktop.ini'],
  ]
  await t.test('a name that looks unfinished', async (t) => {
    for (const name of unfinished) await writeFile(join(send, name), 'ISA*00*')
    for (const name of unfinished) t.match(await inState(mounted, name, 'held'), { reason: 'name', size: 7 })
    await until('all in queue.json', async () => {
      const { rows } = await mounted.queue()
      return unfinished.every((name) => rows.some((row) => row.path === name && row.state === 'held'))
    })
    t.equal(await readFile(join(send, 'x.tmp'), 'utf8'), 'ISA*00*', 'is read back')
    t.same((await readdir(send)).sort(), [...unfinished].sort(), 'is listed')
  })
  await t.test('until it is renamed: then it is sent, once', async (t) => {
    await sh(`mv ${send}/x.tmp ${send}/x.edi`)
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/x.edi')).toString(), 'ISA*00*')
    await t.rejects(stat(join(send, 'x.tmp')), { code: 'ENOENT' })
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/x.edi'])
  })
  await t.test('a rename from one unfinished name to another changes nothing', async (t) => {
    await rename(join(send, 'x.part'), join(send, 'y.part'))
    t.match(await inState(mounted, 'y.part', 'held'), { reason: 'name' })
  })
  await t.test('an empty file, until somebody writes to it', async (t) => {
    await sh(`touch ${send}/empty.edi`)
    t.match(await inState(mounted, 'empty.edi', 'held'), { reason: 'empty', size: 0 })
    await sh(`echo hi > ${send}/empty.edi`)
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/empty.edi')).toString(), 'hi\n')
  })
  await t.test('a file in a folder', async (t) => {
    await mkdir(join(send, 'batch'))
    await writeFile(join(send, 'batch/one.edi'), 'one')
    t.match(await inState(mounted, 'batch/one.edi', 'held'), { reason: 'bundle' })
    await t.rejects(rmdir(join(send, 'batch')), { code: 'ENOTEMPTY' })
    await t.rejects(mkdir(join(send, 'batch')), { code: 'EEXIST' })
    await unlink(join(send, 'batch/one.edi'))
    await rmdir(join(send, 'batch'))
  })
  await t.test('held files may be removed', async (t) => {
    for (const name of (await readdir(send)).filter((it) => !it.endsWith('.edi'))) await unlink(join(send, name))
    t.notOk((await sendRows(mounted)).some((row) => row.state === 'held'))
  })
})

t.test('with --commit rename every file waits for one, with --empty reject an empty one has failed', async (t) => {
  const mounted = await mount(t, { flags: [...partners, '--commit', 'rename', '--empty', 'reject'] })
  const send = mounted.path('ACME/GLOBEX/send')
  await writeFile(join(send, 'a.edi'), 'ISA*00*')
  t.match(await inState(mounted, 'a.edi', 'held'), { reason: 'commit' })
  await rename(join(send, 'a.edi'), join(send, 'b.edi'))
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/b.edi')).toString(), 'ISA*00*')
  await sh(`touch ${send}/empty.edi`)
  t.match((await inState(mounted, 'empty.edi', 'failed')).error, /empty/)
  await unlink(join(send, 'empty.edi'))
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/b.edi'])
})

t.test('with --empty send an empty file is a message', async (t) => {
  const mounted = await mount(t, { flags: [...partners, '--empty', 'send'] })
  await sh(`touch ${mounted.path('ACME/GLOBEX/send/empty.edi')}`)
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/empty.edi')).length, 0)
})

t.test('a queued file', async (t) => {
  const mounted = await mount(t, { flags: [...partners, '--settle', '1h'] })
  const send = mounted.path('ACME/GLOBEX/send')
  const queued = async (name: string, content = name) => {
    await writeFile(join(send, name), content)
    await inState(mounted, name, 'queued')
    return join(send, name)
  }
  await t.test('may be renamed', async () => {
    await rename(await queued('one.edi'), join(send, 'renamed.edi'))
  })
  await t.test('may be replaced by another', async () => {
    await rename(await queued('newer.edi'), await queued('replaced.edi'))
  })
  await t.test('may be removed', async () => {
    await unlink(await queued('removed.edi'))
  })
  await t.test('leaves the queue while it is written to, and waits behind it', async (t) => {
    const file = await open(await queued('appended.edi', 'one '), 'a')
    await inState(mounted, 'appended.edi', 'open')
    await file.write('two')
    await file.close()
    t.match(await inState(mounted, 'appended.edi', 'queued'), { size: 7 })
  })
  await t.test('goes to another partner by copy: rename(2) is EXDEV, and mv copes', async (t) => {
    const path = await queued('moved.edi')
    const other = mounted.path('ACME/INITECH/send/moved.edi')
    await t.rejects(rename(path, other), { code: 'EXDEV' })
    await sh(`mv ${path} ${other}`)
    await t.rejects(stat(path), { code: 'ENOENT' })
    t.equal(await readFile(other, 'utf8'), 'moved.edi')
  })
  await t.test('may be held again by a rename', async () => {
    await rename(await queued('back.edi'), join(send, 'back.tmp'))
    await inState(mounted, 'back.tmp', 'held')
  })
  await t.test('is sent as it is in the end', async (t) => {
    t.equal(await mounted.kill('SIGTERM'), 0)
    const sent = Object.fromEntries(
      mounted.server.list('AS2/send/').map((it) => [it.key.slice(14), it.bytes.toString()]),
    )
    t.same(sent, {
      'GLOBEX/renamed.edi': 'one.edi',
      'GLOBEX/replaced.edi': 'newer.edi',
      'GLOBEX/appended.edi': 'one two',
      'INITECH/moved.edi': 'moved.edi',
    })
    t.equal(mounted.puts().length, 4)
  })
})

t.test('while it is uploaded, submitted or failed', async (t) => {
  const mounted = await mount(t, { flags: partners })
  const send = mounted.path('ACME/GLOBEX/send')
  const path = join(send, 'order.edi')
  const other = join(send, 'other.tmp')
  await writeFile(other, 'other')

  await t.test('an upload under way is left alone: EBUSY', async (t) => {
    let goOn: () => void = () => undefined
    const frozen = new Promise<void>((resolve) => (goOn = resolve))
    mounted.server.intercept = (operation) => (operation === 'PutObject' ? { hold: frozen } : undefined)
    await writeFile(path, 'ISA*00*')
    await inState(mounted, 'order.edi', 'uploading')
    await t.rejects(rename(path, join(send, 'x.edi')), { code: 'EBUSY' })
    await t.rejects(rename(other, path), { code: 'EBUSY' })
    await t.rejects(unlink(path), { code: 'EBUSY' })
    await t.rejects(open(path, 'a'), { code: 'EBUSY' })
    await t.rejects(writeFile(path, 'x'), { code: 'EBUSY' })
    await t.rejects(truncate(path, 1), { code: 'EBUSY' })
    t.equal(await readFile(path, 'utf8'), 'ISA*00*', 'it can be read')
    await accepted(path)
    mounted.server.intercept = undefined
    goOn()
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')).toString(), 'ISA*00*')
  })

  await t.test('a submitted file is the gateway’s: EPERM', async (t) => {
    await inState(mounted, 'order.edi', 'submitted')
    await refusedAsSubmitted(t, path)
    await t.rejects(rename(other, path), { code: 'EEXIST' }, 'and its name is taken')
    t.equal(await readFile(path, 'utf8'), 'ISA*00*', 'it can be read')
    await accepted(path)
    await until('its mode', async () => ((await stat(path)).mode & 0o777) === 0o444)
    const held = await open(path, 'r')
    await t.rejects(unlink(path), { code: 'EPERM' }, 'though it is open')
    await held.close()
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/order.edi'])
  })

  await t.test('so is one that another host has sent', async (t) => {
    mounted.server.put('AS2/send/ACME/INITECH/theirs.edi', Buffer.from('theirs'))
    const theirs = mounted.path('ACME/INITECH/send/theirs.edi')
    t.equal(await readFile(theirs, 'utf8'), 'theirs')
    await refusedAsSubmitted(t, theirs)
    const held = await open(theirs, 'r')
    await t.rejects(unlink(theirs), { code: 'EPERM' }, 'though it is open: libfuse would rename it out of sight')
    await held.close()
    t.equal(mounted.server.get('AS2/send/ACME/INITECH/theirs.edi')?.toString(), 'theirs')
  })

  await t.test('a failed one says why, and may be removed', async (t) => {
    mounted.server.intercept = (operation) =>
      operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined
    await writeFile(join(send, 'refused.edi'), 'ISA*00*')
    const row = await inState(mounted, 'refused.edi', 'failed')
    t.match(row, { tries: 1, error: /.+/ })
    mounted.server.intercept = undefined
    await unlink(join(send, 'refused.edi'))
    await t.rejects(stat(join(send, 'refused.edi')), { code: 'ENOENT' })
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/order.edi'])
  })
})

async function refusedAsSubmitted(t: Test, path: string): Promise<void> {
  await t.rejects(unlink(path), { code: 'EPERM' })
  await t.rejects(open(path, 'a'), { code: 'EPERM' })
  await t.rejects(writeFile(path, 'x'), { code: 'EPERM' })
  await t.rejects(truncate(path, 1), { code: 'EPERM' })
  await t.rejects(rename(path, `${path}.renamed`), { code: 'EBUSY' })
}

/** What programs like cp -p and tar do at the end. */
async function accepted(path: string): Promise<void> {
  await chmod(path, 0o600)
  await chown(path, 1, 1)
  await utimes(path, new Date(), new Date())
}
