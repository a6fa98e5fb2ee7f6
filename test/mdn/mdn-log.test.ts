/** What is kept of MDNs stays as large as they are many, however many come and go while the daemon runs. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { MdnLog } from '../../src/mdn/mdn-log.js'
import { MdnTable } from '../../src/mdn/mdn-table.js'
import { parseMdn } from '../../src/mdn/report.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Key, Prefix } from '../../src/units.js'
import { mdnText } from '../helpers/receipts-world.js'

const owner = { station: 'ACME', partner: 'GLOBEX' }

function mdn(name: number, version: number): ObjectInfo {
  return { key: `AS2/raw-mdn/incoming/${name}` as Key, size: 1, mtime: version, etag: `${name}-${version}` }
}

function says({ etag }: ObjectInfo) {
  return parseMdn(Buffer.from(mdnText({ id: `<${etag}@x>`, disposition: 'processed'.padEnd(10 + etag.length, ' ') })))
}

/** A log that is soon made anew. */
async function logIn(t: Test): Promise<{ readonly directory: string; readonly open: () => Promise<MdnLog> }> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-mdn-log-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const options = {
    directory,
    root: 'AS2/' as Prefix,
    now: Date.now,
    lost: new AbortController().signal,
    mostDead: 100,
  }
  return { directory, open: () => MdnLog.open({ ...options, log: silentLogger() }) }
}

t.test('it is made anew while it runs, and each MDN is found in it all the time, and at the next start', async (t) => {
  const { directory, open } = await logIn(t)
  const log = await open()
  await log.load()
  const refused = mdn(1_000, 0)
  log.refuse(refused)
  const many = 60
  let newest = 0
  const check = async (of: MdnLog, version: (name: number) => number): Promise<void> => {
    for (let name = 0; name < many; name += 1) {
      const object = mdn(name, version(name))
      const row = of.find('incoming', object)
      const found = row === undefined ? undefined : await of.details(row)
      // Another has come meanwhile.
      if (of.find('incoming', object) !== row || (row === undefined && version(name) < newest)) continue
      if (found?.says?.originalMessageId !== `<${object.etag}@x>`) t.fail(`${object.etag}: ${JSON.stringify(found)}`)
    }
  }
  const looks: Promise<void>[] = []
  let largest = 0
  for (let round = 0; round < 60; round += 1) {
    newest = round
    for (let name = 0; name < many; name += 1) {
      const object = mdn(name, round)
      log.add(object, says(object))
      if (name % 10 === 0) void log.own(log.find('incoming', object) ?? -1, owner)
      if (name % 7 === 0) await nextTurn()
    }
    const looking = check(log, () => round)
    if (round % 3 === 0) await looking
    looks.push(looking)
    largest = Math.max(largest, (await stat(join(directory, 'mdns'))).size)
  }
  await Promise.all(looks)
  await check(log, () => 59)
  const { bytes } = log.table
  await log.close()
  t.ok(bytes <= 100 * 1_000, `${bytes} bytes of memory: what is gone leaves room for others`)
  t.ok(largest < 400 * 250, `${largest} bytes of ${60 * many} that came`)
  const again = await open()
  await again.load()
  t.equal(again.table.size, many)
  await check(again, () => 59)
  const row = again.find('incoming', mdn(10, 59)) ?? -1
  t.same(again.table.owners.ownerOf(row), owner)
  again.add(refused, says(refused))
  t.ok(again.table.knowableAt(again.find('incoming', refused) ?? -1) > 0, 'that it might not be read is known, too')
  await again.close()
})

t.test('what is added while the log is made anew is found where that has put it', async (t) => {
  const { directory, open } = await logIn(t)
  const log = await open()
  await log.load()
  // Another file, and not a shorter one: on a slow disk as much is added meanwhile as was left out.
  const inode = async (): Promise<number> => (await stat(join(directory, 'mdns'))).ino
  const before = await inode()
  // All but one of these lines say nothing any more.
  for (let version = 0; version < 150; version += 1) log.add(mdn(0, version), says(mdn(0, version)))
  let count = 0
  for (; (await inode()) === before; count += 1) log.add(mdn(count + 1, 0), says(mdn(count + 1, 0)))
  for (let name = 1; name <= count; name += 1) {
    const found = await log.details(log.find('incoming', mdn(name, 0)) ?? -1)
    t.equal(found?.says?.originalMessageId, `<${name}-0@x>`)
  }
  await log.close()
})

t.test('a row is used for another MDN only when the log was made anew twice since it was dropped', async (t) => {
  const table = new MdnTable()
  const add = (name: number): number => {
    const { etag, mtime } = mdn(name, 0)
    return table.add({ id: { direction: 'incoming', key: `${name}`, version: etag }, mtime, says: undefined }, place)
  }
  const place = { offset: 0, length: 1 }
  const [gone, stays] = [add(1), add(2)]
  table.drop(gone)
  table.release()
  t.not(add(3), gone)
  table.release()
  t.equal(add(4), gone)
  t.not(add(5), gone)
  t.same([...table.rows()].length, 4)
  t.equal(table.named({ direction: 'incoming', key: '2' }), stays)
  t.equal(table.named({ direction: 'incoming', key: '1' }), undefined)
})

t.test('while a large one is read others have their turn', async (t) => {
  const { open } = await logIn(t)
  const log = await open()
  await log.load()
  const many = 6_000
  for (let name = 0; name < many; name += 1) log.add(mdn(name, 1), says(mdn(name, 1)))
  await log.close()
  const again = await open()
  let [isOver, last, most] = [false, 0, 0]
  const others = async (): Promise<void> => {
    while (!isOver) {
      await nextTurn()
      most = Math.max(most, again.table.size - last)
      last = again.table.size
    }
  }
  const watched = others()
  await again.load()
  isOver = true
  await watched
  t.equal(again.table.size, many)
  t.ok(most <= 2_000, `${most} were read before anybody else had a turn`)
  await again.close()
})
