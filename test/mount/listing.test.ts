/** What is seen of a large inbox, when, and how many LISTs that costs. */
import { readdir, readFile, stat } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { ControlClient } from '../../src/control/client.js'
import { type Mounted, prepare } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const prefix = 'AS2/files/ACME/GLOBEX/inbox/'
const minute = 60_000
const order = Buffer.from('UNB+UNOC:3+A:14+B:14')

/** @param n from 0: the first message */
function message(n: number): string {
  return String(720_784_109_390_000 + n)
}

class Inbox {
  readonly mounted: Mounted
  readonly path: string

  constructor(mounted: Mounted) {
    this.mounted = mounted
    this.path = mounted.path('ACME/GLOBEX/inbox')
  }

  get lists(): number {
    return this.mounted.server.requests.list.filter((it) => it.operation === 'ListObjectsV2').length
  }
  arrive(folder: string, name = 'order.edi'): void {
    this.mounted.server.put(`${prefix}${folder}/${name}`, order)
  }
  /** By a program that lists it all. */
  async names(): Promise<string[]> {
    return readdir(this.path)
  }
  /** Waits until a folder is listed. */
  async seen(folder: string): Promise<void> {
    await until(folder, async () => (await this.names()).includes(folder))
  }
  /** As it is now: `status.json` may be a second behind. */
  async status() {
    const { listings } = await new ControlClient(this.mounted.stateDirectory).status()
    return listings.find((it) => it.prefix === (prefix as string))
  }
}

/** An inbox with a message a minute. */
async function inbox(t: Test, count: number, flags: readonly string[]): Promise<Inbox> {
  const mounted = await prepare(t, { flags })
  const now = Date.now()
  for (let n = 0; n < count; n += 1) {
    mounted.server.put(`${prefix}${message(n)}/order.edi`, order, { mtime: now - (count - n) * minute })
  }
  await mounted.mount()
  return new Inbox(mounted)
}

t.test('a message that arrives is seen within the ttl, and a poll is at most two LISTs', async (t) => {
  const it = await inbox(t, 12_000, ['--list-ttl', '300ms'])
  const before = it.lists
  t.equal((await it.names()).length, 12_000)
  t.ok(it.lists - before <= 16, `${it.lists - before} LISTs for 12,000`)

  const ttl = 300
  await until('the end of the ttl', async () => Date.now() - ((await it.status())?.listedAt ?? 0) > ttl)
  it.arrive(message(12_000))
  const polled = it.lists
  t.equal((await it.names()).length, 12_001)
  t.ok(it.lists - polled <= 2, `${it.lists - polled} LISTs`)

  // Named earlier than those that are there already, but within the look-back.
  it.arrive(message(11_995), 'late.edi')
  await until('late.edi', async () => (await readdir(`${it.path}/${message(11_995)}`)).includes('late.edi'))
  t.same(await readFile(`${it.path}/${message(11_995)}/late.edi`), order)
})

t.test('while nobody looks, nothing is asked, whatever happens', async (t) => {
  const it = await inbox(t, 1_500, ['--list-ttl', '300ms', '--reconcile', '1s'])
  await it.names()
  await until('the end of what the look began', async () => {
    const { listedAt = 0 } = (await it.status()) ?? {}
    return Date.now() - listedAt > 1_500
  })
  const before = it.lists
  it.arrive(message(1_500))
  const since = Date.now()
  // Long past the ttl and the time of a comparison; status is asked, the bucket is not.
  await until('two seconds', async () => (await it.mounted.status()).state !== 'stopping' && Date.now() - since > 2_000)
  t.equal(it.lists, before)
  t.equal((await it.names()).length, 1_501)
})

t.test('what was deleted goes with the next comparison, an opened file of it is ENOENT at once', async (t) => {
  const it = await inbox(t, 3_000, ['--list-ttl', '300ms', '--reconcile', '2s'])
  await it.names()
  it.mounted.server.delete(`${prefix}${message(5)}/order.edi`)
  await until('the comparison', async () => !(await it.names()).includes(message(5)))

  it.mounted.server.delete(`${prefix}${message(7)}/order.edi`)
  await t.rejects(readFile(`${it.path}/${message(7)}/order.edi`), { code: 'ENOENT' })
  await until('its end', async () => !(await it.names()).includes(message(7)))
})

t.test('a view whose keys come out of order is listed in full, says so, and finds its way back', async (t) => {
  const it = await inbox(t, 12_000, ['--list-ttl', '300ms', '--reconcile', '2s'])
  await it.names()
  it.arrive('0000')
  await it.seen('0000')
  t.match((await it.status())?.note, /out of order/)
  const shown = await sh(`${process.execPath} bin/as2fs status ${it.mounted.mountpoint}`)
  t.match(shown, /out of order/)
  for (let n = 12_000; (await it.status())?.note !== undefined; n += 1) {
    it.arrive(message(n))
    await it.seen(message(n))
  }
  t.pass('ordered again')
})

t.test('a view that is not listed yet', async (t) => {
  const it = await inbox(t, 5_000, ['--list-ttl', '5s'])
  const partner = it.mounted.path('ACME/GLOBEX')

  t.test('is shown in its partner without a listing', async (t) => {
    await stat(partner)
    const before = it.lists
    t.match(await sh(`ls -l ${partner}`), /inbox/)
    t.ok(it.lists - before <= 1, `${it.lists - before} LISTs`)
    t.equal((await it.status())?.listedAt, undefined)
  })

  t.test('gives what is named, by a LIST of that alone', async (t) => {
    const before = it.lists
    t.same(await readFile(`${it.path}/${message(4_321)}/order.edi`), order)
    t.equal(it.lists - before, 1)
    t.equal(await sh(`ls ${it.path}/${message(4_321)}`), 'order.edi\n')
    await t.rejects(stat(`${it.path}/${message(5_000)}`), { code: 'ENOENT' })
    t.equal(it.lists - before, 2)
    t.equal((await it.status())?.listedAt, undefined)
  })

  t.test('gives it while the whole is being listed, too', async (t) => {
    let go: () => void = () => undefined
    const hold = new Promise<void>((resolve) => (go = resolve))
    let held = 0
    it.mounted.server.intercept = (_operation, _key, query) =>
      query.get('prefix') === prefix && (held += 1) > 0 ? { hold } : undefined
    const listed = it.names()
    await until('the first LIST', () => held > 0)
    t.same(await readFile(`${it.path}/${message(1_234)}/order.edi`), order)
    go()
    t.equal((await listed).length, 5_000)
  })
})

t.test('stations and partners that are new appear', async (t) => {
  const it = await inbox(t, 1, ['--list-ttl', '300ms'])
  await t.rejects(stat(it.mounted.path('ACME/INITECH')), { code: 'ENOENT' })
  it.mounted.server.put('AS2/headers/ACME/INITECH/inbox/1', order)
  it.mounted.server.put('AS2/files/NEW/PARTNER/inbox/1/order.edi', order)
  await until('the partner', async () => (await readdir(it.mounted.path('ACME'))).includes('INITECH'))
  await until(
    'the station',
    async () => (await readdir(it.mounted.path('NEW/PARTNER/inbox/1')).catch(() => [])).length > 0,
  )
})
