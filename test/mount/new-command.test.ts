/** `as2fs new`, and which files count as new. */
import { mkdir, rename, unlink, writeFile } from 'node:fs/promises'
import t from 'tap'
import {
  first,
  inbox,
  inNew,
  mountReceived,
  names,
  newPath,
  prepareReceived,
  received,
  second,
  third,
} from '../helpers/new-mounted.js'
import type { Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'

const hooli = 'AS2/files/ACME/HOOLI/inbox/1/a.edi'

function as2fsNew(mounted: Mounted, ...args: string[]) {
  return run(process.execPath, ['bin/as2fs', 'new', mounted.mountpoint, ...args], { env: mounted.environment() })
}

/** Of each partner: waiting, taken. */
async function counts(mounted: Mounted, ...args: string[]): Promise<Record<string, number[]>> {
  const { stdout, stderr } = await as2fsNew(mounted, '--json', ...args)
  if (stdout === '') throw new Error(stderr)
  const { rows } = JSON.parse(stdout) as { rows: { partner: string; waiting: number; taken: number }[] }
  return Object.fromEntries(rows.map((it) => [it.partner, [it.waiting, it.taken]]))
}

t.test('it shows how many wait and are taken for each partner, shows all again, and takes all', async (t) => {
  const mounted = await mountReceived(t, { objects: { ...received, [hooli]: 'x' } })
  t.same(await counts(mounted), { GLOBEX: [3, 0], HOOLI: [1, 0] })
  await unlink(newPath(mounted, first))
  await mkdir(newPath(mounted, '.done'))
  await rename(newPath(mounted, second), newPath(mounted, '.done', second))
  await writeFile(newPath(mounted, 'x.lck'), '')
  t.same(await counts(mounted), { GLOBEX: [2, 1], HOOLI: [1, 0] })
  t.match(
    (await as2fsNew(mounted)).stdout,
    /PARTNER +WAITING +TAKEN +ERROR\nACME\/GLOBEX +2 +1 +-\nACME\/HOOLI +1 +0 +-\n/,
  )
  t.same(await counts(mounted, '--take-all', 'ACME/GLOBEX'), { GLOBEX: [0, 3] })
  t.same(await inNew(mounted), ['.done', 'x.lck'])
  mounted.server.put(`${inbox}/9/late.edi`, Buffer.from('late'))
  t.same(await inNew(mounted), ['.done', '9_late.edi', 'x.lck'], 'what comes afterwards is new')
  t.same(await counts(mounted, '--reset', 'ACME/GLOBEX'), { GLOBEX: [4, 0] })
  t.same(await inNew(mounted), [...names, '9_late.edi', '.done', 'x.lck'].sort())
  t.same(await inNew(mounted, '.done'), [])
  t.same(await counts(mounted, '--take-all'), { GLOBEX: [0, 4], HOOLI: [0, 1] })
  await mounted.kill('SIGKILL')
  await mounted.mount()
  t.same(await counts(mounted), { GLOBEX: [0, 4], HOOLI: [0, 1] })
  t.same(await counts(mounted, '--reset'), { GLOBEX: [4, 0], HOOLI: [1, 0] })
})

t.test('what makes no sense is one sentence', async (t) => {
  const mounted = await mountReceived(t)
  t.match(await as2fsNew(mounted, '--reset', '--take-all'), { code: 1, stderr: /give one of them/ })
  t.match(await as2fsNew(mounted, 'ACME/GLOBEX'), { code: 1, stderr: /--reset or --take-all/ })
  t.match(await as2fsNew(mounted, '--reset', 'ACME'), { code: 1, stderr: /STATION\/PARTNER/ })
  t.match(await as2fsNew(mounted, '--reset', 'ACME/NOBODY'), { code: 1, stderr: /There is no partner/ })
  t.same(await inNew(mounted), names)
})

t.test('--new-from mount: what was there before the first mount counts as taken, until --reset', async (t) => {
  const mounted = await prepareReceived(t, { objects: {} })
  for (const [key, content] of Object.entries(received))
    mounted.server.put(key, Buffer.from(content), { mtime: Date.now() - 60_000 })
  await mounted.mount(['--new-from', 'mount'])
  t.same(await inNew(mounted), [])
  t.same(await counts(mounted), { GLOBEX: [0, 3] })
  mounted.server.put(`${inbox}/9/late.edi`, Buffer.from('late'))
  t.same(await inNew(mounted), ['9_late.edi'])
  await mounted.kill('SIGTERM')
  await mounted.mount()
  t.same(await inNew(mounted), ['9_late.edi'], 'the first mount counts, whatever a later one says')
  t.same(await counts(mounted, '--reset'), { GLOBEX: [4, 0] })
  t.same(await inNew(mounted), [...names, '9_late.edi'])
})

t.test('info of a file in new/ says what it is in the bucket', async (t) => {
  const mounted = await mountReceived(t)
  await rename(newPath(mounted, third), newPath(mounted, 'claimed'))
  const { stdout } = await run(process.execPath, ['bin/as2fs', 'info', newPath(mounted, 'claimed')], {
    env: mounted.environment(),
  })
  t.match(stdout, new RegExp(`key +${inbox}/\\d+/order_3.edi\n`))
})
