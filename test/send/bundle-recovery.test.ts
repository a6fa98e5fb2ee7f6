/** A crash at any point of sending a bundle leaves the folder as it was, or the one archive: never both, never half. */
import t from 'tap'
import type { JournalEntry } from '../../src/send/life/entry.js'
import type { Message } from '../../src/send/life/message.js'
import { recover } from '../../src/send/life/recovery.js'
import type { Bytes } from '../../src/units.js'

const owner = { station: 'ACME', partner: 'GLOBEX' }
const now = Date.UTC(2026, 10, 24)

const base = { ...owner, size: 3, mtime: now, tries: 0, closedAt: now }
const fileOf = (id: string) => ({ ...base, id, path: `batch/${id}.edi` })
const file = (id: string): Message => ({ ...fileOf(id), state: 'held', reason: 'bundle' })

const members = ['a', 'b'].map((id) => ({ id, name: `${id}.edi`, size: 3, mtime: now }))
const packed = { ...base, id: 'zip', path: 'batch.zip', size: 6 }
const archive: Message = { ...packed, state: 'held', reason: 'packing', members }
const gone = ['a', 'b'].map((id): Message => ({ ...fileOf(id), state: 'gone', packedIn: 'batch.zip' }))
const bundle = { ...owner, name: 'batch' }

const intent: JournalEntry = { messages: [archive, ...gone], removed: [bundle] }
const queued: JournalEntry = { messages: [{ ...packed, state: 'queued', size: 200 }] }
const before: JournalEntry[] = [{ made: [bundle] }, { messages: [file('a')] }, { messages: [file('b')] }]

function recovered(entries: readonly JournalEntry[], spool: Readonly<Record<string, Bytes>>) {
  const it = recover({ entries, isDoubtful: false }, new Map(Object.entries(spool)), now)
  return {
    shown: it.messages.filter((message) => message.state !== 'gone').map(({ path, state }) => `${path} ${state}`),
    folders: it.bundles.map((folder) => folder.name),
    leftovers: [...it.leftovers].sort(),
    strangers: it.strangers,
    next: it.messages,
  }
}

t.test('before the intent is written it is the folder', async (t) => {
  t.match(recovered(before, { a: 3, b: 3 }), {
    shown: ['batch/a.edi held', 'batch/b.edi held'],
    folders: ['batch'],
    leftovers: [],
    strangers: [],
  })
})

t.test('after it, it is the archive, and the files are kept until that is made', async (t) => {
  for (const half of [{}, { zip: 0 }, { zip: 100 }]) {
    const it = recovered([...before, intent], { a: 3, b: 3, ...half })
    t.match(it, { shown: ['batch.zip held'], folders: [], leftovers: [], strangers: [] })
    await t.test('over more than one restart', async (t) => {
      const again = recovered([{ messages: it.next }], { a: 3, b: 3, ...half })
      t.match(again, { shown: ['batch.zip held'], leftovers: [], strangers: [] })
      t.match(recovered([{ messages: again.next }, queued], { a: 3, b: 3, zip: 200 }), {
        shown: ['batch.zip queued'],
        leftovers: ['a', 'b'],
        strangers: [],
      })
    })
  }
})

t.test('once it is made, the files are not needed any more', async (t) => {
  t.match(recovered([...before, intent, queued], { a: 3, b: 3, zip: 200 }), {
    shown: ['batch.zip queued'],
    folders: [],
    leftovers: ['a', 'b'],
    strangers: [],
  })
  t.match(recovered([...before, intent, queued], { zip: 200 }), { shown: ['batch.zip queued'], leftovers: [] })
})

t.test('cancelled while it was packed, nothing of it is needed', async (t) => {
  const cancelled: JournalEntry = { messages: [{ ...packed, state: 'gone' }] }
  t.match(recovered([...before, intent, cancelled], { a: 3, b: 3, zip: 7 }), {
    shown: [],
    folders: [],
    leftovers: ['a', 'b', 'zip'],
    strangers: [],
  })
})
