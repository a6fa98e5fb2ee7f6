/** `--commit trigger`: a file leaves only once somebody has made its trigger beside it. */
import { mkdir, open, readdir, rename, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mount, prepare, type Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX', '--commit', 'trigger', '--list-ttl', '100ms']
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`
const untriggered = { reason: 'untriggered' }

interface Place {
  readonly mounted: Mounted
  readonly send: string
  /** Waits until the gateway would find it, and has it take it. @returns what was sent */
  readonly taken: (name: string) => Promise<string>
}

async function place(t: Test, more: readonly string[] = []): Promise<Place> {
  const mounted = await mount(t, { flags: [...flags, ...more] })
  const send = mounted.path('ACME/GLOBEX/send')
  const taken = async (name: string): Promise<string> => {
    const bytes = await mounted.inBucket(key(name))
    mounted.server.delete(key(name))
    await gone(send, name)
    return bytes.toString()
  }
  return { mounted, send, taken }
}

function gone(send: string, name: string): Promise<unknown> {
  return until(`${name} to be gone`, async () => !(await readdir(send)).includes(name))
}

t.test('a file is sent once its trigger is made, and the trigger goes with it', async (t) => {
  const { mounted, send, taken } = await place(t)
  for (const [file, trigger] of [
    ['a.edi', 'a.edi.ok'],
    ['b.edi', 'b.ok'],
    ['c.edi', 'c.edi.DONE'],
    ['no-extension', 'no-extension.ok'],
    ['d.tar.gz', 'd.tar.ok'],
  ] as const) {
    await t.test(`${trigger} is made after ${file}`, async (t) => {
      await writeFile(join(send, file), file)
      t.match(await inState(mounted, file, 'held'), untriggered)
      await sh(`touch ${join(send, trigger)}`)
      t.equal(await taken(file), file)
      await gone(send, trigger)
    })
  }
  await t.test('a trigger is made before its file, with something in it', async (t) => {
    await writeFile(join(send, 'early.ok'), 'ready')
    t.match(await inState(mounted, 'early.ok', 'held'), { reason: 'trigger' })
    const file = await open(join(send, 'early.edi'), 'w')
    await file.write('one ')
    t.notOk(mounted.puts().includes(key('early.edi')))
    await file.write('two')
    await file.close()
    t.equal(await taken('early.edi'), 'one two')
    await gone(send, 'early.ok')
  })
  await t.test('a trigger that is made while its file is open waits for the close', async (t) => {
    const file = await open(join(send, 'open.edi'), 'w')
    await file.write('one ')
    await writeFile(join(send, 'open.edi.ok'), '')
    await inState(mounted, 'open.edi.ok', 'held')
    await inState(mounted, 'open.edi', 'open')
    await file.write('two')
    await file.close()
    t.equal(await taken('open.edi'), 'one two')
  })
  await t.test('a trigger under a temporary name counts once it has its own', async (t) => {
    await writeFile(join(send, 'moved.edi'), 'moved')
    await writeFile(join(send, 'moved.tmp'), '')
    t.match(await inState(mounted, 'moved.edi', 'held'), untriggered)
    await rename(join(send, 'moved.tmp'), join(send, 'moved.edi.ok'))
    t.equal(await taken('moved.edi'), 'moved')
  })
  await t.test('so does a file', async (t) => {
    await writeFile(join(send, 'final.ok'), '')
    await writeFile(join(send, 'final.tmp'), 'final')
    t.match(await inState(mounted, 'final.tmp', 'held'), { reason: 'name' })
    await rename(join(send, 'final.tmp'), join(send, 'final.edi'))
    t.equal(await taken('final.edi'), 'final')
  })
  await t.test('a folder that is renamed to .zip', async (t) => {
    await mkdir(join(send, 'batch'))
    await writeFile(join(send, 'batch/one.edi'), 'one')
    await writeFile(join(send, 'batch/one.ok'), '')
    t.match(await run('mv', [join(send, 'batch'), join(send, 'batch.zip')]), { code: 1 }, 'a trigger is never sent')
    await unlink(join(send, 'batch/one.ok'))
    await rename(join(send, 'batch'), join(send, 'batch.zip'))
    t.match(await inState(mounted, 'batch.zip', 'held'), {})
    await sh(`touch ${join(send, 'batch.zip.ok')}`)
    await taken('batch.zip')
  })
  t.same(await sendRows(mounted), [], 'nothing is left')
  t.equal(mounted.puts().length, 10)
  t.notOk(mounted.puts().some((it) => /\.(ok|done)$/i.test(it)))
})

t.test('a trigger counts for one file, as it was when the trigger was made', async (t) => {
  const { mounted, send, taken } = await place(t, ['--settle', '1h'])
  const queued = async (name: string): Promise<string> => {
    await writeFile(join(send, name), 'first')
    await sh(`touch ${join(send, name)}.ok`)
    await inState(mounted, name, 'queued')
    return join(send, name)
  }
  await t.test('taken away, the file waits again', async (t) => {
    const path = await queued('away.edi')
    await unlink(`${path}.ok`)
    t.match(await inState(mounted, 'away.edi', 'held'), untriggered)
  })
  await t.test('written anew, the file waits for another, or for the same to be touched', async (t) => {
    const path = await queued('anew.edi')
    await writeFile(path, 'second')
    t.match(await inState(mounted, 'anew.edi', 'held'), untriggered)
    t.match(await inState(mounted, 'anew.edi.ok', 'held'), { error: /has changed since/ })
    await sh(`touch ${path}.ok`)
    await inState(mounted, 'anew.edi', 'queued')
    await sh(`printf third >> ${path}`)
    t.match(await inState(mounted, 'anew.edi', 'held'), untriggered)
    await utimes(`${path}.ok`, new Date(), new Date())
    await inState(mounted, 'anew.edi', 'queued')
  })
  await t.test('opened for writing and closed unchanged, the file waits for nothing', async () => {
    const path = await queued('same.edi')
    await (await open(path, 'r+')).close()
    await inState(mounted, 'same.edi', 'queued')
  })
  await t.test('renamed, the file waits for its trigger to be renamed too', async (t) => {
    const path = await queued('name.edi')
    await rename(path, join(send, 'other.edi'))
    t.match(await inState(mounted, 'other.edi', 'held'), untriggered)
    await writeFile(path, 'half')
    t.match(await inState(mounted, 'name.edi', 'held'), untriggered, 'nor does it count for what comes to the old name')
    await rename(`${path}.ok`, join(send, 'other.edi.ok'))
    await inState(mounted, 'other.edi', 'queued')
    await unlink(path)
  })
  await t.test('removed, the file takes its trigger with it', async (t) => {
    const path = await queued('removed.edi')
    await unlink(path)
    t.notOk((await readdir(send)).includes('removed.edi.ok'))
    await writeFile(path, 'half')
    t.match(await inState(mounted, 'removed.edi', 'held'), untriggered)
    await unlink(path)
  })
  await t.test('replaced by a rename, the file is as ready as before', async () => {
    const path = await queued('replaced.edi')
    await writeFile(join(send, 'new.tmp'), 'new')
    await rename(join(send, 'new.tmp'), path)
    await inState(mounted, 'replaced.edi', 'queued')
  })
  await t.test('of two that it may be meant for, neither is sent', async (t) => {
    for (const name of ['two.edi', 'two.xml']) await writeFile(join(send, name), name)
    await sh(`touch ${send}/two.ok`)
    for (const name of ['two.edi', 'two.xml']) {
      t.match(await until('a sentence', async () => (await inState(mounted, name, 'held')).error), /may be meant for/)
    }
    await sh(`touch ${send}/two.xml.ok`)
    await inState(mounted, 'two.xml', 'queued')
    await inState(mounted, 'two.edi', 'queued')
  })
  await t.test('one named after the whole of a file is that file’s alone', async (t) => {
    for (const name of ['whole.edi', 'whole.edi.sig']) await writeFile(join(send, name), name)
    await sh(`touch ${send}/whole.edi.ok`)
    await inState(mounted, 'whole.edi', 'queued')
    t.match(await inState(mounted, 'whole.edi.sig', 'held'), untriggered)
  })
  await t.test('a trigger is never sent, by hand neither; a file is', async (t) => {
    const act = (...args: string[]) => run(process.execPath, ['bin/as2fs', 'queue', mounted.mountpoint, ...args])
    t.match(await act('release', 'whole.edi.ok'), { code: 1, stderr: /is a trigger/ })
    t.match(await act('release', 'whole.edi.sig'), { code: 0 })
    t.equal(await taken('whole.edi.sig'), 'whole.edi.sig')
  })
  await t.test('what is ready is sent in the end', async (t) => {
    t.equal(await mounted.kill('SIGTERM'), 0)
    const names = ['anew', 'same', 'other', 'replaced', 'two', 'whole'].map((it) => `${it}.edi`)
    t.same(mounted.puts().sort(), [...names, 'two.xml', 'whole.edi.sig'].map(key).sort())
  })
})

t.test('a crash keeps triggers, and what waits for one', async (t) => {
  const mounted = await prepare(t, { flags: [...flags, '--settle', '1h'] })
  await mounted.mount()
  const send = mounted.path('ACME/GLOBEX/send')
  await writeFile(join(send, 'ready.edi'), 'ready')
  await writeFile(join(send, 'waiting.edi'), 'waiting')
  await writeFile(join(send, 'early.ok'), '')
  await writeFile(join(send, 'ready.ok'), '')
  await inState(mounted, 'ready.edi', 'queued')
  await mounted.kill('SIGKILL')
  await mounted.mount(['--settle', '0s'])
  await run(process.execPath, ['bin/as2fs', 'queue', mounted.mountpoint, 'retry', 'ready.edi'])
  t.equal((await mounted.inBucket(key('ready.edi'))).toString(), 'ready')
  t.match(await inState(mounted, 'waiting.edi', 'held'), untriggered)
  await writeFile(join(send, 'early.edi'), 'early')
  t.equal((await mounted.inBucket(key('early.edi'))).toString(), 'early')
  t.match(await inState(mounted, 'waiting.edi', 'held'), untriggered)
})

t.test('other ends of names make a trigger if they are given, and only those', async (t) => {
  const { mounted, send, taken } = await place(t, ['--trigger-suffix', '.ctl', '--trigger-suffix', '_READY'])
  for (const [name, trigger] of [
    ['a.edi', 'a.ctl'],
    ['b.edi', 'b.edi_ready'],
  ] as const) {
    await writeFile(join(send, name), name)
    t.match(await inState(mounted, name, 'held'), untriggered)
    await sh(`touch ${send}/${trigger}`)
    t.equal(await taken(name), name)
  }
  await writeFile(join(send, 'c.ok'), 'a file like any other')
  t.match(await inState(mounted, 'c.ok', 'held'), untriggered)
  const words = await run(process.execPath, ['bin/as2fs', 'queue', mounted.mountpoint])
  t.match(words.stdout, /until its trigger is made/)
})
