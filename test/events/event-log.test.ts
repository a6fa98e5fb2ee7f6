import { appendFile, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { EventLog } from '../../src/events/event-log.js'
import type { EventReader } from '../../src/events/event-file.js'
import { silentLogger } from '../../src/telemetry/log.js'

interface Noted {
  readonly event: string
  readonly at: string
  readonly n: number
}

function entry(n: number): Noted {
  return { event: 'queued', at: '2026-11-28T12:00:00.000Z', n }
}

async function opened(t: Test, directory: string, mostInFile?: number): Promise<EventLog> {
  const options = { directory, log: silentLogger(), ...(mostInFile === undefined ? {} : { mostInFile }) }
  const log = await EventLog.open(options)
  t.teardown(() => log.close())
  return log
}

async function read(reader: Pick<EventReader<object>, 'read'>): Promise<number[]> {
  const all: number[] = []
  for await (const it of reader.read()) all.push((it as Noted).n)
  return all
}

function numbers(from: number, below: number): number[] {
  return Array.from({ length: below - from }, (_, i) => from + i)
}

t.test('what is appended is read from any number on, without its number, and goes on', async (t) => {
  const log = await opened(t, t.testdir())
  const before = log.last
  for (const n of numbers(0, 5)) log.append(entry(n))
  await log.flushed()
  const reader = log.reader(before + 2)
  t.same(await read(reader), [2, 3, 4])
  t.same(await read(reader), [])
  log.append(entry(5))
  await log.flushed()
  t.same(await read(reader), [5])
  t.equal(reader.seq, log.last)
  for await (const first of log.reader(log.last - 1).read()) t.same(first, entry(5))
})

t.test('numbers go on in the next life, and are never used twice', async (t) => {
  const directory = t.testdir()
  const first = await opened(t, directory)
  first.append(entry(1))
  await first.close()
  const second = await opened(t, directory)
  t.equal(second.id, first.id)
  const { last } = second
  t.ok(last > first.last)
  second.append(entry(2))
  await second.flushed()
  t.same(await read(second.reader(first.last)), [2])
  t.same(await read(second.reader(0)), [1, 2])
})

t.test('full files make room, readers go on across them, and who was away for too long is known', async (t) => {
  const directory = t.testdir()
  const log = await opened(t, directory, 4_000)
  const slow = log.reader(log.last)
  const quick = log.reader(log.last)
  const seen: number[] = []
  for (const n of numbers(0, 300)) {
    log.append(entry(n))
    if (n % 7 === 0) {
      await log.flushed()
      seen.push(...(await read(quick)))
    }
  }
  await log.flushed()
  seen.push(...(await read(quick)))
  t.same(seen, numbers(0, 300), 'none is missed, and none told twice')
  const late = await read(slow)
  t.same(late, numbers(300 - late.length, 300))
  t.ok(late.length < 300)
  t.equal(log.dropped, slow.seq - late.length, 'it is known up to where they are not kept')
  // Its folder goes before what is left to the end of the test.
  await log.close()
  for (const name of ['log', 'log.1']) t.ok((await stat(join(directory, name))).size < 8_000, name)
  const next = await opened(t, directory)
  t.equal(next.dropped, log.dropped, 'also to the next life')
})

t.test('a reader that is in the middle of a file when that is renamed goes on there', async (t) => {
  const log = await opened(t, t.testdir(), 2_000)
  const reader = log.reader(log.last)
  const seen: number[] = []
  for (const n of numbers(0, 10)) log.append(entry(n))
  await log.flushed()
  for await (const it of reader.read()) {
    seen.push((it as unknown as Noted).n)
    if (seen.length > 5) break
  }
  for (const n of numbers(10, 40)) log.append(entry(n))
  await log.flushed()
  seen.push(...(await read(reader)))
  seen.push(...(await read(reader)))
  await log.close()
  t.same(seen, numbers(0, 40))
})

t.test('a line that was cut off is passed over, and what comes once more is read once', async (t) => {
  const directory = t.testdir()
  const log = await opened(t, directory)
  const before = log.last
  log.append(entry(1))
  await log.close()
  const lines = await readFile(join(directory, 'log'), 'utf8')
  await appendFile(join(directory, 'log'), `{"seq":${before + 2},"event":"que\n${lines}{"seq":${before + 3}`)
  const next = await opened(t, directory)
  next.append(entry(2))
  await next.flushed()
  t.same(await read(next.reader(before)), [1, 2])
})

t.test('a log whose identity makes no sense is another one', async (t) => {
  const directory = t.testdir()
  const first = await opened(t, directory)
  first.append(entry(1))
  await first.close()
  await writeFile(join(directory, 'id'), '{"id":7}')
  const second = await opened(t, directory)
  t.not(second.id, first.id)
  t.same(await read(second.reader(0)), [1])
})

t.test('its end is what a start compares with the journal', async (t) => {
  const log = await opened(t, t.testdir())
  log.append({ at: 'now', event: 'queued', id: '1', station: 'ACME' })
  log.append({ at: 'then', event: 'bucket-lost' })
  await log.flushed()
  t.same(await log.tail(), [
    { event: 'queued', at: 'now', id: '1' },
    { event: 'bucket-lost', at: 'then' },
  ])
})
