/** Spec 3.7: the same name within six hours, sent by this mount or by another host, by the bucket's times. */
import { copyFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mount, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'
import { clockOf } from '../helpers/clock-of.js'

const minute = 60_000
const edges = { young: 5 * 60 * minute + 59 * minute, old: 6 * 60 * minute + minute }
/** The bucket's clock goes ahead of ours by more than what lies between the edges. */
const ahead = 10 * minute
const bucketClock = clockOf(() => Date.now() + ahead)

/** Files that another host has sent, some within six hours by the bucket's clock, some before. */
function sentByOthers(mounted: Mounted): void {
  for (const [name, age] of Object.entries(edges)) {
    const mtime = bucketClock.now() - age
    mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/720784109397786/${name}.edi`, Buffer.from('theirs'), { mtime })
    mounted.server.put(`AS2/send/ACME/INITECH/${name}.edi`, Buffer.from('theirs'), { mtime })
  }
}

async function mounted(t: Test, flags: readonly string[]): Promise<{ mounted: Mounted; send: string }> {
  const it = await mount(t, { flags: ['--station', 'ACME/GLOBEX', ...flags], clock: bucketClock })
  sentByOthers(it)
  return { mounted: it, send: it.path('ACME/GLOBEX/send') }
}

t.test('--on-duplicate reject: sent by another host, it is refused for six hours of the bucket’s time', async (t) => {
  const { mounted: it, send } = await mounted(t, [])
  await t.test('at create, 5 h 59 min after', async (t) => {
    await t.rejects(writeFile(join(send, 'young.edi'), 'mine'), { code: 'EEXIST' })
    const cp = await run('cp', ['/etc/hostname', join(send, 'young.edi')], { env: { ...process.env, LC_ALL: 'C' } })
    t.match(cp, { code: 1, stderr: /File exists/ })
  })
  await t.test('at the rename that publishes, 5 h 59 min after', async (t) => {
    await writeFile(join(send, 'young.tmp'), 'mine')
    await inState(it, 'young.tmp', 'held')
    await t.rejects(rename(join(send, 'young.tmp'), join(send, 'young.edi')), { code: 'EEXIST' })
    await inState(it, 'young.tmp', 'held')
  })
  await t.test('but not 6 h 01 min after', async (t) => {
    await copyFile(join(send, 'young.tmp'), join(send, 'old.edi'))
    t.equal((await it.inBucket('AS2/send/ACME/GLOBEX/old.edi')).toString(), 'mine')
  })
  await t.test('and what this mount has sent is refused at once', async (t) => {
    await inState(it, 'old.edi', 'submitted')
    await t.rejects(writeFile(join(send, 'old.edi'), 'again'), { code: 'EPERM' })
    await t.rejects(rename(join(send, 'young.tmp'), join(send, 'old.edi')), { code: 'EEXIST' })
  })
  t.same(it.puts(), ['AS2/send/ACME/GLOBEX/old.edi'])
})

t.test('--on-duplicate suffix: a time is added to the name', async (t) => {
  const { mounted: it, send } = await mounted(t, ['--on-duplicate', 'suffix'])
  await t.test('where it was sent within six hours', async (t) => {
    await writeFile(join(send, 'young.edi'), 'mine')
    const key = await until('its upload', () => it.puts()[0])
    t.match(key, /^AS2\/send\/ACME\/GLOBEX\/young_\d{8}T\d{9}Z\.edi$/)
    const name = key.slice(key.lastIndexOf('/') + 1)
    await until('its new name', async () => (await readdir(send)).includes(name))
  })
  await t.test('not where it was before that', async () => {
    await writeFile(join(send, 'old.edi'), 'mine')
    await it.inBucket('AS2/send/ACME/GLOBEX/old.edi')
  })
  t.equal(it.puts().length, 2)
})

t.test('--on-duplicate send: the gateway decides', async (t) => {
  const { mounted: it, send } = await mounted(t, ['--on-duplicate', 'send'])
  for (const name of ['young.edi', 'old.edi']) {
    await writeFile(join(send, name), 'mine')
    await it.inBucket(`AS2/send/ACME/GLOBEX/${name}`)
  }
  t.equal(it.puts().length, 2)
  t.notOk((await sendRows(it)).some((row) => row.state === 'failed'))
})
