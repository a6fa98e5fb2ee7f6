/** What receipts say, read once each and kept. */
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { MdnTable } from '../../src/mdn/mdn-table.js'
import type { Prefix } from '../../src/units.js'
import { abortSignalOf, type CancelSignal } from '../../src/cancellation.js'
import { StoreError } from '../../src/s3/store-error.js'
import type { GetRequest } from '../../src/s3/store.js'
import { accessDenied, keysRefused, unreachable, type StoreFault } from '../helpers/memory-store.js'
import { PlayedClock } from '../helpers/played-clock.js'
import { mdnText, receiptsWorld, type Said } from '../helpers/receipts-world.js'
import { until } from '../helpers/until.js'

const otherVersion = (key: string): StoreError =>
  new StoreError('ESTALE', 'condition', 'OtherETag', 'It was replaced.', { key })

const globex = { station: 'ACME', partner: 'GLOBEX' }
const initech = { station: 'ACME', partner: 'INITECH' }

t.test('each is read once, newest first, so many at a time; a restart reads only what is new', async (t) => {
  const world = await receiptsWorld(t)
  let [now, most] = [0, 0]
  world.store.intercept = ({ operation }) => {
    if (operation !== 'get') return undefined
    now += 1
    most = Math.max(most, now)
    return { hold: new Promise((resolve) => setTimeout(resolve, 2)).then(() => (now -= 1)) }
  }
  for (let i = 0; i < 40; i += 1) world.mdn(`${i}.mdn`, { id: `<${i}.as2@x>` }, 1_000 + i)
  const first = await world.open()
  await world.read(first)
  const gets = world.store.calls.filter((it) => it.operation === 'get').map((it) => it.key)
  t.same(
    gets,
    Array.from({ length: 40 }, (_, i) => `AS2/raw-mdn/incoming/${39 - i}.mdn`),
  )
  t.equal(most, 4)
  t.match(first.counts(), { read: 40, left: 0, unreadable: 0 })
  t.equal(first.answersTo(globex, '7', 'incoming')[0]?.outcome, 'delivered')
  await first.close()
  world.mdn('new.mdn', { id: '<new.as2@x>', disposition: 'processed/error: x' }, 2_000)
  const second = await world.open()
  await world.read(second)
  await world.read(second)
  t.equal(world.store.count('get'), 41)
  t.match(second.answersTo(globex, 'new', 'incoming'), [{ outcome: 'refused', disposition: /processed\/error: x$/ }])
  t.equal(second.answersTo(globex, '7', 'incoming')[0]?.outcome, 'delivered', 'what was read before is known')
  const details = await second.details(second.answersTo(globex, '7', 'incoming')[0]?.row ?? -1)
  t.match(details, { id: { key: '7.mdn', direction: 'incoming' }, says: { originalMessageId: '<7.as2@x>' } })
  await second.close()
})

t.test('what can’t be understood is read once too, and named', async (t) => {
  const world = await receiptsWorld(t)
  world.store.set('AS2/raw-mdn/incoming/odd', '<html>')
  world.store.set('AS2/raw-mdn/outgoing/large', Buffer.alloc(1024 * 1024 + 1, 'x'))
  const receipts = await world.open()
  await world.read(receipts)
  await world.read(receipts, 'outgoing')
  t.match(receipts.counts(), { read: 2, unreadable: 2, unreadableKeys: ['outgoing/large', 'incoming/odd'] })
  t.equal(receipts.notUnderstood, 2)
  t.equal(world.store.count('get'), 1, 'what is larger than an MDN is not even fetched')
  await receipts.close()
  const again = await world.open()
  await world.read(again)
  t.match(again.counts(), { unreadable: 2 })
  t.equal(world.store.count('get'), 1)
  world.mdn('odd', { id: '<7.as2@x>' })
  await world.read(again)
  t.match(again.counts(), { unreadable: 1, unreadableKeys: ['outgoing/large'] }, 'but for one that can be read now')
  await again.close()
})

t.test('who shows what they say is told each time that more was read', async (t) => {
  const world = await receiptsWorld(t)
  const receipts = await world.open()
  for (const name of ['first', 'second', 'third']) {
    const before = world.told
    world.mdn(name, { id: `<${name}.as2@x>` })
    await world.read(receipts)
    await until(`word of the ${name}`, () => world.told > before)
  }
  await receipts.close()
})

t.test('one that is replaced is read again, and counts as what it says now', async (t) => {
  const world = await receiptsWorld(t)
  const receipts = await world.open()
  world.mdn('1', { id: '<7.as2@x>' })
  await world.read(receipts)
  world.mdn('1', { id: '<7.as2@x>', disposition: 'denied' })
  await world.read(receipts)
  t.match(receipts.answersTo(globex, '7', 'incoming'), [{ outcome: 'refused' }])
  t.equal(receipts.answersTo(globex, '7', 'incoming').length, 1)
  t.equal(receipts.counts().read, 1)
  await receipts.close()
})

t.test('what a crash has torn or a disk has damaged is read again, and nothing else', async (t) => {
  const world = await receiptsWorld(t)
  for (let i = 0; i < 10; i += 1) world.mdn(`${i}`, { id: `<${i}.as2@x>` }, 1_000 + i)
  const first = await world.open()
  await world.read(first)
  await first.close()
  const path = join(world.directory, 'mdns')
  const text = await readFile(path, 'utf8')
  const damages: Readonly<Record<string, [() => Promise<void>, lost: number]>> = {
    'a torn line': [() => truncate(path, text.length - 5), 1],
    'a damaged line': [() => writeFile(path, text.replace('<3.as2@x>', '<4.as2@x>')), 1],
    'zeros behind': [() => appendFile(path, Buffer.alloc(4096)), 0],
    'no line at all': [() => writeFile(path, Buffer.alloc(5_000_000, 'x')), 10],
    'what makes no sense': [() => writeFile(path, '00000000 []\n'), 10],
    'an empty file': [() => writeFile(path, ''), 10],
  }
  for (const [what, [damage, lost]] of Object.entries(damages)) {
    await writeFile(path, text)
    await damage()
    const before = world.store.count('get')
    for (const time of ['then', 'and after that']) {
      const again = await world.open()
      await world.read(again)
      t.equal(world.store.count('get') - before, lost, `${what}, ${time}`)
      t.match(again.counts(), { read: 10, left: 0 })
      const answers = Array.from({ length: 10 }, (_, i) => again.answersTo(globex, `${i}`, 'incoming').length)
      t.ok(answers.every((it) => it === 1))
      await again.close()
    }
  }
})

t.test('a bucket that fails is asked again a while later; others are not read meanwhile', async (t) => {
  const world = await receiptsWorld(t)
  for (let i = 0; i < 20; i += 1) world.mdn(`${i}`, { id: `<${i}.as2@x>` })
  let isOut = true
  world.store.intercept = ({ operation }) => (operation === 'get' && isOut ? { before: unreachable() } : undefined)
  const receipts = await world.open()
  await world.read(receipts)
  t.match(receipts.counts(), { read: 0, left: 20 })
  t.ok(world.store.count('get') <= 8, 'nobody hammers it')
  isOut = false
  await until('all to be read', () => receipts.counts().read === 20)
  t.equal(receipts.counts().left, 0)
  await receipts.close()
})

t.test(
  'one that is not there as it was listed is read when it is looked at again; not at each look for ever',
  async (t) => {
    const world = await receiptsWorld(t)
    world.mdn('1', { id: '<7.as2@x>' })
    world.mdn('2', { id: '<8.as2@x>' })
    const asked = (name: string): number =>
      world.store.calls.filter((it) => it.operation === 'get' && it.key.endsWith(name)).length
    world.store.intercept = ({ operation, key }) => {
      const isRefused = operation === 'get' && (key.endsWith('2') || asked('1') === 1)
      return isRefused ? { before: otherVersion(key) } : undefined
    }
    const receipts = await world.open()
    await world.read(receipts)
    t.match(receipts.counts(), { read: 0 })
    await world.read(receipts)
    t.equal(receipts.answersTo(globex, '7', 'incoming')[0]?.outcome, 'delivered')
    for (let looks = 0; looks < 5; looks += 1) await world.read(receipts)
    t.equal(asked('2'), 2)
    t.match(receipts.counts(), { read: 1, left: 0, refused: 1 })
    await receipts.close()
  },
)

t.test('it is asked for with the size that it was listed with: a part of it is none', async (t) => {
  const world = await receiptsWorld(t)
  world.mdn('1', { id: '<7.as2@x>' })
  const asked: GetRequest[] = []
  const store = {
    get: (request: GetRequest, signal: CancelSignal) => {
      asked.push(request)
      return world.store.get(request, abortSignalOf(signal))
    },
  }
  const receipts = await world.open({ store })
  await world.read(receipts)
  t.match(asked, [{ key: 'AS2/raw-mdn/incoming/1', size: mdnText({ id: '<7.as2@x>' }).length }])
  await receipts.close()
})

t.test('what may not be read, and what has vanished, holds nothing up', async (t) => {
  const world = await receiptsWorld(t)
  world.mdn('denied', {}, 3_000)
  world.mdn('gone', {}, 2_000)
  world.mdn('fine', { id: '<7.as2@x>' }, 1_000)
  world.store.intercept = ({ operation, key }) => {
    if (operation !== 'get') return undefined
    if (key.endsWith('gone')) world.store.delete(key)
    return key.endsWith('denied') ? { before: accessDenied() } : undefined
  }
  const receipts = await world.open()
  await world.read(receipts)
  t.match(receipts.counts(), { read: 1, left: 0, refused: 1 })
  const before = world.store.count('get')
  await world.read(receipts)
  await world.read(receipts)
  t.equal(world.store.count('get'), before, 'and is not asked for at every look')
  await receipts.close()
})

t.test(
  'what may not be read is asked for again a while later when somebody looks, and at once if it is another',
  async (t) => {
    const world = await receiptsWorld(t)
    const clock = new PlayedClock()
    const id = '<7.as2@x>'
    world.mdn('1', { id })
    world.mdn('2', { id: '<8.as2@x>' })
    world.store.intercept = ({ operation }) => (operation === 'get' ? { before: accessDenied() } : undefined)
    const receipts = await world.open({ clock, timers: clock })
    await world.read(receipts)
    t.match(receipts.counts(), { read: 0, refused: 2 })
    world.store.intercept = undefined
    world.mdn('1', { id, disposition: 'denied' })
    await world.read(receipts)
    t.match(receipts.answersTo(globex, '7', 'incoming'), [{ outcome: 'refused' }])
    t.match(receipts.counts(), { read: 1, refused: 1 })
    await clock.advance(600_001)
    await world.read(receipts)
    t.match(receipts.counts(), { read: 2, refused: 0 }, 'though no other receipt has come')
    await receipts.close()
  },
)

t.test('what might not be read at first is known from when it may be, over starts; its time stays', async (t) => {
  const world = await receiptsWorld(t)
  let now = 10_000_000
  world.mdn('1', { id: '<7.as2@x>' }, 1_000)
  world.store.intercept = ({ operation }) => (operation === 'get' ? { before: accessDenied() } : undefined)
  const denied = await world.open({ now: () => now })
  await world.read(denied)
  await denied.close()
  world.store.intercept = undefined
  now = 20_000_000
  const allowed = await world.open({ now: () => now })
  world.mdn('2', { id: '<8.as2@x>' }, 2_000)
  await world.read(allowed)
  const [first] = allowed.answersTo(globex, '7', 'incoming')
  t.match(first, { mtime: 1_000, knowableAt: 20_000_000 })
  t.match(allowed.answersTo(globex, '8', 'incoming'), [{ mtime: 2_000, knowableAt: 2_000 }], 'and no other')
  await allowed.close()
  now = 30_000_000
  const later = await world.open({ now: () => now })
  await world.read(later)
  t.match(later.answersTo(globex, '7', 'incoming'), [{ mtime: 1_000, knowableAt: 20_000_000 }])
  await later.close()
})

t.test('keys that are refused are no lack of rights: receipts are read when there are new ones', async (t) => {
  const world = await receiptsWorld(t)
  const clock = new PlayedClock()
  world.mdn('1', { id: '<7.as2@x>' })
  world.store.intercept = ({ operation }) => (operation === 'get' ? { before: keysRefused() } : undefined)
  const receipts = await world.open({ clock, timers: clock })
  await world.read(receipts)
  t.match(receipts.counts(), { read: 0, left: 1, refused: 0 })
  world.store.intercept = undefined
  await clock.advance(1_001)
  await receipts.idle()
  t.match(receipts.counts(), { read: 1, left: 0 })
  await receipts.close()
})

t.test('where some may be read, all are tried, however many may not', async (t) => {
  const world = await receiptsWorld(t)
  for (let n = 0; n < 60; n += 1) world.mdn(`${n % 12 === 0 ? 'fine' : 'denied'}-${n}`, {}, 1_000 + n)
  world.store.intercept = ({ operation, key }) =>
    operation === 'get' && key.includes('denied') ? { before: accessDenied() } : undefined
  const receipts = await world.open()
  await world.read(receipts)
  t.match(receipts.counts(), { read: 5, left: 0, refused: 55 })
  await receipts.close()
})

t.test('keys that may read no receipt at all are not tried on all of them', async (t) => {
  const world = await receiptsWorld(t)
  for (let i = 0; i < 200; i += 1) world.mdn(`${i}`, {})
  world.store.intercept = ({ operation }) => (operation === 'get' ? { before: accessDenied() } : undefined)
  const receipts = await world.open()
  await world.read(receipts)
  t.ok(world.store.count('get') < 40)
  await receipts.close()
})

t.test('few that were just seen are waited for, not many, not for long, and not while the bucket fails', async (t) => {
  const world = await receiptsWorld(t)
  const incoming = () => world.listing.tree('AS2/raw-mdn/incoming/' as Prefix, new AbortController().signal)
  world.mdn('1', {})
  const receipts = await world.open()
  receipts.look('incoming', await incoming())
  await receipts.settled()
  t.match(receipts.counts(), { read: 1, left: 0 })
  let fault: StoreFault = { before: unreachable() }
  world.store.intercept = ({ operation }) => (operation === 'get' ? fault : undefined)
  world.mdn('2', {})
  receipts.look('incoming', await incoming())
  await receipts.settled()
  t.match(receipts.counts(), { read: 1, left: 1 }, 'one that fails')
  await receipts.close()
  let go: () => void = () => undefined
  fault = { hold: new Promise<void>((resolve) => (go = resolve)) }
  const short = await world.open({ settleWithin: 50 })
  short.look('incoming', await incoming())
  await short.settled()
  t.match(short.counts(), { read: 1, left: 1 }, 'one that takes longer')
  for (let i = 0; i < 200; i += 1) world.mdn(`many-${i}`, {})
  const long = await world.open()
  long.look('incoming', await incoming())
  await long.settled()
  t.ok(long.counts().left > 100, 'many')
  go()
  await short.close()
  await long.close()
})

t.test('with reads off nothing is read', async (t) => {
  const world = await receiptsWorld(t)
  world.mdn('1', {})
  const receipts = await world.open({ reads: 0 })
  await world.read(receipts)
  t.equal(world.store.count('get'), 0)
  t.equal(receipts.isOn, false)
  await receipts.close()
})

t.test('what answers a partner’s message is that partner’s, and stays so when the message is gone', async (t) => {
  const world = await receiptsWorld(t)
  world.mdn('bare', { id: '<7.as2@x>' })
  world.mdn('sided', { id: '<8.as2@x>', from: 'INITECH', to: 'ACME' })
  world.mdn('ACME/INITECH/placed', { id: '<9.as2@x>' })
  const receipts = await world.open()
  await world.read(receipts)
  receipts.claim(globex, 'incoming', ['7', '8', '9'])
  const owner = (of: typeof receipts, name: string) => {
    const row = of.table.named({ direction: 'incoming', key: name })
    return row === undefined ? undefined : of.table.owners.ownerOf(row)
  }
  t.same(owner(receipts, 'bare'), globex)
  t.equal(owner(receipts, 'sided'), undefined)
  t.equal(owner(receipts, 'ACME/INITECH/placed'), undefined)
  t.equal(receipts.answersTo(globex, '8', 'incoming').length, 0, 'another’s answers none of its messages')
  t.equal(receipts.answersTo(globex, '9', 'incoming').length, 0)
  t.equal(receipts.answersTo(initech, '8', 'incoming').length, 1)
  await until('it to be written down', async () =>
    (await readFile(join(world.directory, 'mdns'), 'utf8')).includes('GLOBEX'),
  )
  await receipts.close()
  const again = await world.open()
  await world.read(again)
  t.same(owner(again, 'bare'), globex)
  t.equal(again.hasUnowned('incoming'), false)
  await again.close()
})

t.test('one that names another pair moves no message, whether that pair is known or not', async (t) => {
  const world = await receiptsWorld(t)
  const answers = { id: '<7.as2@x>' }
  const others: Readonly<Record<string, Partial<Said>>> = {
    evil: { from: 'EVIL', to: 'ACME' },
    'ACME/GLOBEX/evil': { from: 'EVIL', to: 'ACME' },
    station: { from: 'GLOBEX', to: 'EVIL' },
    'ACME/EVIL/1': {},
    'ACME/EVIL/2': { from: 'GLOBEX', to: 'ACME' },
    'X/Y/1': {},
    '2026-11/X/Y/1': {},
    'ACME/INITECH/1': {},
  }
  const own: Readonly<Record<string, Partial<Said>>> = {
    bare: {},
    sided: { from: 'GLOBEX', to: 'ACME' },
    'other-case': { from: 'Globex', to: 'acme' },
    'acme/globex/1': {},
    'ACME/GLOBEX/1': { from: 'GLOBEX', to: 'ACME' },
    'prod/2026/ACME/GLOBEX/1': {},
    '2026/11/28/1': {},
    '2026/720784109390007/1': {},
    'GLOBEX/720784109390007/1': {},
    'some/folder/1': { from: 'GLOBEX', to: 'ACME' },
  }
  for (const [key, said] of Object.entries({ ...others, ...own })) world.mdn(key, { ...answers, ...said })
  const receipts = await world.open()
  await world.read(receipts)
  const counted = async (): Promise<string[]> => {
    const found = receipts.answersTo(globex, '7', 'incoming').map(({ row }) => receipts.details(row))
    return (await Promise.all(found)).map((it) => it?.id.key ?? '').sort()
  }
  t.same(await counted(), Object.keys(own).sort())
  world.pairs.add('ACME/EVIL').add('X/Y')
  t.same(await counted(), Object.keys(own).sort(), 'and so it stays when they become known')
  const slashed = { station: 'ACME', partner: 'A%2FB' }
  world.mdn('slash', { id: '<8.as2@x>', from: 'A/B', to: 'ACME' })
  await world.read(receipts)
  t.equal(receipts.answersTo(slashed, '8', 'incoming').length, 1, 'an id that can’t stand in a key is not another')
  await receipts.close()
})

t.test('more unread ones than are remembered at a time are all read', { timeout: 300_000 }, async (t) => {
  const world = await receiptsWorld(t)
  for (let i = 0; i < 25_000; i += 1) world.mdn(`${i}`, { id: `<${i}.as2@x>` }, 1_000 + i)
  const receipts = await world.open({ reads: 64 })
  await world.read(receipts)
  await until('all to be read', () => receipts.counts().read === 25_000, 60_000)
  t.equal(receipts.counts().left, 0)
  t.equal(world.store.count('get'), 25_000)
  await receipts.close()
})

t.test('an MDN takes at most 200 bytes of memory', async (t) => {
  const table = new MdnTable()
  const count = 100_000
  const before = await bytesUsed()
  for (let i = 0; i < count; i += 1) {
    const says = {
      ...{ disposition: `a/b; processed${i % 7 ? '' : '/error: x'}`, contradictory: [], outcome: 'delivered' as const },
      ...{ originalMessageId: `<${720784109397786 + i}.as2@mftgateway.com>`, finalRecipient: `PARTNER ${i % 300}` },
      ...{ from: `PARTNER ${i % 300}`, to: 'ACME', mic: 'x' },
    }
    const id = { direction: 'incoming', key: `ACME/PARTNER ${i % 300}/${i}.mdn`, version: `${i}` } as const
    table.add({ id, mtime: i, says }, { offset: i, length: 300 })
  }
  const each = ((await bytesUsed()) - before) / count
  t.ok(each <= 200, `${each.toFixed(0)} bytes`)
  t.equal(table.answersTo('720784109397786', 'incoming').length, 1)
})

async function bytesUsed(): Promise<number> {
  setFlagsFromString('--expose-gc')
  // What tests before have left is given back bit by bit.
  for (let i = 0; i < 4; i += 1) {
    runInNewContext('gc()')
    await nextTurn()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
