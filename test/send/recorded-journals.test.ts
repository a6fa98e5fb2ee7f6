/** Journals as earlier versions wrote them, recorded: what a start makes of them, and what it tells; and what this version writes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JournalEntry } from '../../src/send/life/entry.js'
import { formatLine, parseJournal } from '../../src/journal/lines.js'
import type { Message } from '../../src/send/life/message.js'
import { recover } from '../../src/send/life/recovery.js'
import { life } from '../../src/send/life/table.js'
import { nonsense, samples } from '../helpers/life-samples.js'
import { globex, never, path, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

/** Written by a sender of that version while a test did to its files what their names say; the process was ended then. */
const recorded = (version: string) => readFileSync(`test/helpers/recorded/journal-${version}`, 'utf8')
const contents: Readonly<Record<string, string>> = {
  '.hidden.tmp': 'hidden',
  'named.edi': 'named',
  'lost.edi': 'lost',
  'batch/a.edi': 'a',
  'batch/b.edi': 'b',
  'open.edi': 'half',
  'whole.edi': 'whole',
  'cancelled.edi': 'x',
}

interface Told {
  readonly event: string
  readonly name: string
  readonly from?: string
}

async function begun(t: Test, journal: string): Promise<{ readonly world: SenderWorld; readonly told: Told[] }> {
  const told: Told[] = []
  const audit = {
    append: (entry: object) => void told.push(entry as Told),
    flushed: async () => {},
    tail: async () => [],
  }
  const world = await senderWorld(t, { audit })
  await world.restart((directory) => {
    const last = new Map<string, Message>()
    for (const { messages = [] } of parseJournal<JournalEntry>(journal).entries) {
      for (const message of messages) last.set(message.id, message)
    }
    mkdirSync(join(directory, 'data'), { recursive: true })
    for (const { id, path } of last.values()) {
      const content = contents[path]
      if (content !== undefined) writeFileSync(join(directory, 'data', id), content)
    }
    writeFileSync(join(directory, 'journal'), journal)
  })
  return { world, told }
}

for (const version of ['0.1', '0.2']) {
  t.test(`a journal of ${version} is gone on with`, async (t) => {
    const { world, told } = await begun(t, recorded(version))
    const sent = ['named.edi', 'lost.edi', 'whole.edi', 'cancelled.edi']
    for (const name of sent) await world.inState(name, 'submitted')
    t.equal(world.store.puts.length, sent.length, 'each once, and nothing that was sent before')
    t.match(world.row('open.edi'), { state: 'held', reason: 'crash' })
    t.match(world.row('.hidden.tmp'), { state: 'held', reason: 'name' })
    t.match(world.row('batch/a.edi'), { state: 'held', reason: 'bundle' })
    t.same(world.sender.folders(globex), ['batch'])
    const events = (name: string) => told.filter((it) => it.name === name).map((it) => it.event)
    t.same(events('order.edi'), ['queued', 'uploading', 'submitted', 'taken'], 'what happened is told')
    t.match(
      told.find((it) => it.name === 'named.edi'),
      { event: 'queued', from: '.named.tmp' },
    )
  })

  t.test(`every beginning of a journal of ${version} makes files that say no nonsense`, async (t) => {
    const { entries } = parseJournal<JournalEntry>(recorded(version))
    t.ok(entries.length > 30)
    for (let end = 0; end <= entries.length; end += 1) {
      for (const isDoubtful of [false, true]) {
        const { messages } = recover({ entries: entries.slice(0, end), isDoubtful }, new Map(), undefined)
        for (const message of messages) t.same(nonsense(message), [], `${end} lines: ${message.path} ${message.state}`)
      }
    }
  })
}

t.test(
  'a file in any state is after a start what the journal has of it, whatever versions before left on it',
  async (t) => {
    const clutter = {
      wait: 9,
      notBefore: 7,
      triggeredBy: 'x.ok',
      packedIn: 'old.zip',
      reason: 'name',
    }
    for (const [name, message] of Object.entries(samples)) {
      const sizes = new Map([[message.id, message.size]])
      const read = (line: object) => {
        const entry = JSON.parse(JSON.stringify({ messages: [line] })) as JournalEntry
        return recover({ entries: [entry], isDoubtful: false }, sizes, undefined).messages[0]
      }
      const [plain, cluttered] = [read(message), read({ ...clutter, ...message })]
      t.same(
        [plain, cluttered].flatMap((it) => (it ? nonsense(it) : [])),
        [],
        name,
      )
      t.equal(cluttered?.state, plain?.state, name)
    }
  },
)

t.test('a line says what happened and why, and 0.2 finds in it what it looks for', async (t) => {
  const world = await senderWorld(t)
  await world.write('.order.tmp', 'order')
  await world.sender.rename(globex, path('.order.tmp'), path('order.edi'), never())
  await world.inState('order.edi', 'submitted')
  world.take('order.edi')
  await until('it to be taken', () => world.row('order.edi') === undefined)
  await until('that to be told', () => readFileSync(join(world.directory, 'journal'), 'utf8').includes('"taken"'))
  const { entries } = parseJournal<JournalEntry>(readFileSync(join(world.directory, 'journal'), 'utf8'))
  const lines = entries.filter((it) => it.by !== undefined)
  t.same(
    lines.map(({ by, events, messages }) => `${by}: ${events?.join()} → ${messages?.map((it) => it.state).join()}`),
    [
      'create: made → open',
      'write: flushed → open',
      'close: closed → held',
      'rename: renamed → queued',
      'upload: uploading → uploading',
      'upload: submitted → submitted',
      'pickup: left → gone',
      'pickup: taken → gone',
    ],
  )
  t.same(
    lines.flatMap(({ told = [] }) => told.map((it) => it?.event ?? null)),
    [null, null, 'held', 'queued', 'uploading', 'submitted', null, 'taken'],
  )
  for (const { messages = [], events = [], told = [] } of lines) {
    t.same([events.length, told.length], [messages.length, messages.length])
    for (const event of events) t.ok(event in life)
  }
  t.match(formatLine(lines[0]), /^[0-9a-f]{8} \{"at":\d+,"by":"create","messages":/)
})
