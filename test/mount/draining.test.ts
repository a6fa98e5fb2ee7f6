/** Spec 3.11: SIGTERM and umount upload for a while, show how far they are, and say what remains. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, isMounted, mount, prepare, type Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

/** A mount whose uploads hang until they are let go. */
async function hanging(t: Test, flags: readonly string[] = []): Promise<{ mounted: Mounted; letGo: () => void }> {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', ...flags] })
  let letGo: () => void = () => undefined
  const held = new Promise<void>((resolve) => (letGo = resolve))
  t.teardown(() => letGo())
  mounted.server.intercept = (operation) => (operation === 'PutObject' ? { hold: held } : undefined)
  for (const name of ['a.edi', 'b.edi']) await writeFile(mounted.path('ACME/GLOBEX/send', name), name)
  return { mounted, letGo }
}

t.test('umount --drain', async (t) => {
  await t.test('says how much is left, and ends when it is done', async (t) => {
    const { mounted, letGo } = await hanging(t)
    const said = join(t.testdir(), 'stderr')
    const umount = sh(`${process.execPath} ${as2fs} umount ${mounted.mountpoint} --drain 1m 2> ${said}`)
    await until('a line', async () => (await readFile(said, 'utf8').catch(() => '')).includes('\n'))
    t.notOk(await isMounted(mounted.mountpoint))
    letGo()
    const stdout = await umount
    t.match(await readFile(said, 'utf8'), /^Uploading: 2 files, \d+ B left\.\n$/)
    t.equal(stdout, `Unmounted ${mounted.mountpoint}.\n`)
    t.same(mounted.puts().sort(), ['AS2/send/ACME/GLOBEX/a.edi', 'AS2/send/ACME/GLOBEX/b.edi'])
  })
  await t.test('draws a bar on a terminal', async (t) => {
    const { mounted, letGo } = await hanging(t)
    const typescript = join(t.testdir(), 'typescript')
    const command = `${process.execPath} ${as2fs} umount ${mounted.mountpoint} --drain 1m`
    const umount = run('script', ['-qefc', command, typescript])
    const text = (): Promise<string> => readFile(typescript, 'utf8').catch(() => '')
    await until('the bar', async () => /Uploading \[[#-]+\] \d+ % {2}2 files, \d+ B left/.test(await text()))
    letGo()
    t.equal((await umount).code, 0)
    t.match(await text(), /Unmounted /)
  })
  await t.test('says what remains when its time is over', async (t) => {
    const { mounted } = await hanging(t)
    const { code, stdout } = await run(process.execPath, [as2fs, 'umount', mounted.mountpoint, '--drain', '100ms'])
    t.equal(code, 0)
    t.match(stdout, /Kept in the queue until the next mount: 2 files\.\n/)
    t.match(stdout, /ACME\/GLOBEX +a\.edi +5 B/)
    t.match(stdout, /ACME\/GLOBEX +b\.edi +5 B/)
  })
})

t.test('SIGTERM', async (t) => {
  await t.test('names what remains in the log, and the next mount sends it, once', async (t) => {
    const { mounted, letGo } = await hanging(t, ['--drain', '100ms'])
    await writeFile(mounted.path('ACME/GLOBEX/send/held.tmp'), 'held')
    t.equal(await mounted.kill('SIGTERM'), 0)
    t.match(
      mounted.log,
      /2 files stay in the queue until the next mount: ACME\/GLOBEX\/[ab]\.edi, ACME\/GLOBEX\/[ab]\.edi/,
    )
    t.match(mounted.log, /"held":1/)
    mounted.server.intercept = undefined
    letGo()
    await mounted.mount()
    for (const name of ['a.edi', 'b.edi']) {
      t.equal((await mounted.inBucket(`AS2/send/ACME/GLOBEX/${name}`)).toString(), name)
    }
    await until('an empty queue', async () =>
      (await mounted.queue()).rows.every((it) => it.state === 'submitted' || it.state === 'held'),
    )
    t.same(new Set(mounted.puts()).size, mounted.puts().length)
  })
  await t.test('does not wait for --settle', async (t) => {
    const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
    await mounted.mount()
    await sh(`echo hi > ${mounted.path('ACME/GLOBEX/send/a.edi')}`)
    t.equal(await mounted.kill('SIGTERM'), 0)
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.edi'])
  })
})
