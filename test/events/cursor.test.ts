import t from 'tap'
import { Cursor } from '../../src/events/cursor.js'
import type { DeliveryEvent, ReceivedEvent } from '../../src/events/event.js'
import type { Key } from '../../src/units.js'

const hour = 3_600_000
const noon = Date.UTC(2026, 10, 28, 12)

function received(name: string, at: number, etag = 'e'): ReceivedEvent {
  const owner = { station: 'ACME', partner: 'GLOBEX' }
  const key = `AS2/files/ACME/GLOBEX/inbox/1/${name}` as Key
  const path = `/ACME/GLOBEX/inbox/1/${name}`
  return { event: 'received', at: new Date(at).toISOString(), ...owner, name, path, key, size: 1, etag }
}

t.test('who never followed begins now, or at the time that he wants', (t) => {
  t.same(new Cursor().beginning(undefined, true), { logged: undefined, from: undefined, isFollowing: true })
  t.same(new Cursor().beginning(noon, false), { logged: undefined, from: noon, isFollowing: false })
  t.end()
})

t.test('who goes on does so where he was, whatever time he wants', (t) => {
  const cursor = new Cursor()
  cursor.advance({ log: 'a', seq: 7, from: noon })
  const next = Cursor.parse(cursor.toString())
  t.same(next?.beginning(1, true), { logged: { log: 'a', seq: 7 }, from: noon, isFollowing: true })
  t.end()
})

t.test('what the bucket tells once more is known, also to the next follower, as long as it may be told', (t) => {
  const cursor = new Cursor()
  t.ok(cursor.note(received('a', noon)))
  t.notOk(cursor.note(received('a', noon)))
  t.ok(cursor.note(received('a', noon, 'another content')))
  t.ok(cursor.note(received('a', noon + 1_000)), 'the same name and content, once more')
  cursor.advance({ log: 'a', seq: 7, from: noon - hour })
  const next = Cursor.parse(cursor.toString())
  t.notOk(next?.note(received('a', noon)))
  next?.advance({ log: 'a', seq: 7, from: noon + 500 })
  t.ok(next?.note(received('a', noon)), 'forgotten')
  t.notOk(next?.note(received('a', noon + 1_000)), 'kept')
  next?.advance({ log: 'a', seq: 7, from: noon + 1_000 })
  t.notOk(next?.note(received('a', noon + 1_000)), 'as what is of just that time is told again')
  t.end()
})

t.test('what a receipt says of a message is known though another of its files comes first now', (t) => {
  const { size, etag, ...file } = received('b', noon)
  const told = (key: Key): DeliveryEvent => {
    const [sentAt, mdn, message] = [file.at, 'AS2/raw-mdn/incoming/1.mdn', '1']
    return { ...file, size, etag, key, sentAt, mdn, message, event: 'delivered' }
  }
  const cursor = new Cursor()
  t.ok(cursor.note(told(file.key)))
  t.notOk(cursor.note(told(file.key.replace(/b$/, 'a') as Key)))
  t.ok(cursor.note({ ...told(file.key), message: '2' }), 'it is another message’s, too')
  t.end()
})

t.test('what was noted and then could not be told is told by the next follower', (t) => {
  const cursor = new Cursor()
  t.ok(cursor.note(received('a', noon)))
  t.ok(cursor.note(received('b', noon)))
  cursor.forget(received('b', noon))
  const next = Cursor.parse(cursor.toString())
  t.notOk(next?.note(received('a', noon)))
  t.ok(next?.note(received('b', noon)))
  t.end()
})

t.test('an earlier time is never gone back to, and a new log is', (t) => {
  const cursor = new Cursor()
  cursor.advance({ log: 'a', seq: 700, from: noon })
  cursor.advance({ log: 'b', seq: 7, from: noon - hour })
  t.same(cursor.beginning(undefined, false), { logged: { log: 'b', seq: 7 }, from: noon, isFollowing: false })
  t.end()
})

t.test('events that are written down are never taken for ones that were told', (t) => {
  const cursor = new Cursor()
  const lost = { at: new Date(noon).toISOString(), event: 'bucket-lost' } as const
  t.ok(cursor.note(lost))
  t.ok(cursor.note(lost))
  t.end()
})

t.test('it stays within bounds, and tells again rather than not at all', (t) => {
  const cursor = new Cursor()
  for (let i = 0; i < 100_010; i += 1) cursor.note(received(`order-${i}`, noon + i))
  t.ok(cursor.note(received('order-0', noon)))
  t.notOk(cursor.note(received('order-100009', noon + 100_009)))
  t.ok(cursor.toString().length < 4_000_000)
  t.end()
})

for (const text of ['', '{}', 'null', '7', 'order', '{"as2fsEvents":2,"told":[]}', '{"as2fsEvents":1}']) {
  t.test(`${JSON.stringify(text)} is no cursor`, (t) => {
    t.equal(Cursor.parse(text), undefined)
    t.end()
  })
}
