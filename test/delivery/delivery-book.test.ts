/** What was told and sent is known over starts, in a log that stays small. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DeliveryBook } from '../../src/delivery/delivery-book.js'
import type { DeliveryEntry } from '../../src/delivery/delivery-entry.js'
import type { SentFile } from '../../src/delivery/sent-files.js'
import { undisputed } from '../../src/ownership.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Key } from '../../src/units.js'

const day = 24 * 3_600_000
const began = 1_795_000_000_000
const globex = { station: 'ACME', partner: 'GLOBEX' }

async function directoryOf(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-deliveries-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

function opened(directory: string, compactAfter?: number): Promise<DeliveryBook> {
  const more = compactAfter === undefined ? {} : { compactAfter }
  return DeliveryBook.open({ directory, now: () => began, lost: undisputed.lost, log: silentLogger(), ...more })
}

const message = (i: number) => ({ ...globex, message: String(720784109390000 + i) })
const told = (i: number, at: number, event: DeliveryEntry['event'] = 'delivered'): DeliveryEntry => ({
  ...message(i),
  at: new Date(at).toISOString(),
  event,
  name: 'order.edi',
  key: `AS2/files/ACME/GLOBEX/outbox/${message(i).message}/order.edi` as Key,
})
const sent = (i: number, submittedAt: number): SentFile => ({
  ...globex,
  name: `${i}.edi`,
  size: i,
  closedAt: submittedAt - 500,
  submittedAt,
})
const inOutbox = (i: number, mtime: number): ObjectInfo => ({
  key: `AS2/files/ACME/GLOBEX/outbox/1/${i}.edi` as Key,
  etag: '',
  size: i,
  mtime,
})

t.test('what was told and sent is known over starts, however often its log is made anew', async (t) => {
  const directory = await directoryOf(t)
  const count = 700
  for (let round = 0; round < 3; round += 1) {
    const book = await opened(directory, 100)
    t.equal(book.from, began)
    for (let i = round; i < count; i += 3) {
      book.told(told(i, began + i))
      t.ok(book.sent(sent(i, began + i)))
      book.flushed()
      if (i % 50 === 0) await book.compact()
    }
    await book.close()
  }
  const book = await opened(directory, 100)
  await book.compact()
  for (let i = 0; i < count; i += 1) {
    if (!book.isTold(message(i), 'delivered')) t.fail(`${i} is not known to be told`)
    if (book.isTold(message(i), 'refused')) t.fail(`${i} was never told to be refused`)
    if (book.closedAt(globex, inOutbox(i, began + i)) !== began + i - 500) t.fail(`${i} is not known to be sent`)
    if (book.sent(sent(i, began + i))) t.fail(`${i} is known`)
  }
  t.notOk(book.isTold(message(count), 'delivered'))
  t.same([...book.lastSent], [{ ...globex, sentAt: began + count - 1 }])
  await book.close()
  const { size } = await stat(join(directory, 'deliveries'))
  t.ok(size < 120 * count, `${size / count} bytes a message`)
})

t.test('what is told of a message more than once is known after its log was made anew', async (t) => {
  const directory = await directoryOf(t)
  const book = await opened(directory, 0)
  book.told(told(1, began, 'overdue'))
  book.flushed()
  await book.compact()
  book.told(told(1, began + day, 'delivered'))
  book.flushed()
  await book.close()
  const again = await opened(directory)
  t.same(
    (['overdue', 'delivered', 'refused'] as const).map((it) => again.isTold(message(1), it)),
    [true, true, false],
  )
  t.same(again.unsure, [])
  await again.close()
})

t.test('what may not have come to the audit trail is known at the next start, with all that it said', async (t) => {
  const directory = await directoryOf(t)
  const book = await opened(directory, 0)
  book.told(told(1, began))
  book.flushed()
  await book.compact()
  book.told(told(2, began))
  await book.close()
  const again = await opened(directory)
  t.same(again.unsure, [told(2, began)])
  await again.close()
})

t.test('what is older than the gateway keeps messages is forgotten, and nothing is told of it any more', async (t) => {
  const directory = await directoryOf(t)
  const book = await opened(directory, 0)
  for (const [i, at] of [began, began + 20 * day, began + 50 * day].entries()) {
    book.told(told(i, at))
    book.sent(sent(i, at))
  }
  book.flushed()
  await book.compact()
  const known = (it: DeliveryBook) => [0, 1, 2].map((i) => it.isTold(message(i), 'delivered'))
  t.same(known(book), [false, true, true])
  t.equal(book.from, began + 10 * day)
  t.equal(book.closedAt(globex, inOutbox(0, began)), undefined)
  await book.close()
  const again = await opened(directory)
  t.same(known(again), [false, true, true])
  t.equal(again.from, began + 10 * day)
  await again.close()
})

t.test('a line that is damaged costs what it said, and no more', async (t) => {
  const directory = await directoryOf(t)
  const book = await opened(directory, 0)
  for (let i = 0; i < 600; i += 1) book.told(told(i, began))
  book.flushed()
  await book.compact()
  await book.close()
  const path = join(directory, 'deliveries')
  const lines = (await readFile(path, 'utf8')).split('\n')
  await writeFile(path, lines.with(0, `!${lines[0] ?? ''}`).join('\n'))
  const again = await opened(directory)
  const known = Array.from({ length: 600 }, (_, i) => again.isTold(message(i), 'delivered')).filter(Boolean)
  t.equal(known.length, 400)
  await again.close()
})
