/** Which uploads are next, by table, and when. */
import t from 'tap'
import { retryDelay } from '../../src/send/retry-delay.js'
import { Turns, type WaitingFile } from '../../src/send/uploads/turns.js'

const limits = { uploads: 3, large: 100 }

/** `A1`: closed first at partner A; `!` is under way, `+` is large, `~` is not due yet. */
function messages(text: string): WaitingFile[] {
  return text.split(' ').map((word) => {
    const [, partner = '', at = '', marks = ''] = /^([A-Z])(\d+)(.*)$/.exec(word) ?? []
    return {
      ...{ id: word, path: word, station: 'ACME', partner, tries: 0 },
      state: 'queued',
      size: marks.includes('+') ? limits.large + 1 : limits.large,
      closedAt: Number(at),
      ...(marks.includes('~') ? { wait: 1 } : {}),
    }
  })
}

/** A queue by a clock that a test sets forward. */
function queueOf(text: string, more: Partial<typeof limits> = {}): { queue: Turns; pass: (ms: number) => void } {
  let now = 1_000
  const queue = new Turns({ monotonic: () => now }, { ...limits, ...more })
  const all = messages(text)
  // Those that are under way were there before the others.
  for (const message of all.filter((it) => it.id.includes('!'))) queue.update(message)
  queue.take(() => true)
  for (const message of all.filter((it) => !it.id.includes('!'))) queue.update(message)
  return { queue, pass: (ms) => (now += ms) }
}

const ids = (taken: readonly WaitingFile[]): string => taken.map((it) => it.id).join(' ')
const next = (text: string, more: Partial<typeof limits> = {}): string =>
  ids(queueOf(text, more).queue.take(() => true))

t.test('what is uploaded next', async (t) => {
  const table: [what: string, waiting: string, begun: string][] = [
    ['within a partner the one that was closed first', 'A3 A1 A2 A4', 'A1 A2 A3'],
    ['of several partners, one each, before a second one', 'A1 A2 A3 B4 C5', 'A1 B4 C5'],
    ['the partner with fewest under way, though others have waited longer', 'A1! A2 A3 B9', 'B9 A2'],
    ['no more than may be under way at once', 'A1! B2! C3 D4', 'C3'],
    ['nothing while all are under way', 'A1! B2! C3! D4', ''],
    ['nothing before its time', 'A1~ A2 B3~', 'A2'],
    ['a file that waits for its next try does not hold up its partner', 'A1~ A2 A3', 'A2 A3'],
    ['never large ones alone: one slot is left for small ones', 'A1+ B2+ C3+ D4', 'A1+ B2+ D4'],
    ['no large one in the last slot, though nothing else waits', 'A1+! B2+! C3+', ''],
    ['a small one passes the large ones of its own partner', 'A1+! A2+! A3+ A4', 'A4'],
    ['a large one is not put off for ever: it goes by its time', 'A1+ A2 A3 A4', 'A1+ A2 A3'],
  ]
  for (const [what, waiting, begun] of table) t.equal(next(waiting), begun, what)
})

t.test('what is neither queued nor under way is left alone', async (t) => {
  const { queue } = queueOf('A1')
  for (const state of ['open', 'held', 'submitted', 'failed', 'gone'] as const) {
    queue.update({ ...messages('A1')[0]!, state })
    t.strictSame(
      queue.take(() => true),
      [],
      state,
    )
    t.equal(queue.untilNext(), undefined, state)
  }
})

t.test('with --uploads 1 a large file is sent too', async (t) => {
  t.equal(next('A1+ A2', { uploads: 1 }), 'A1+')
})

t.test('the next look is when the first of those that wait is due', async (t) => {
  const { queue, pass } = queueOf('A1~ B2~')
  t.equal(queue.untilNext(), 1)
  pass(1)
  t.equal(ids(queue.take(() => true)), 'A1~ B2~')
  t.equal(queue.untilNext(), undefined)
})

t.test('a file that somebody changes just now is passed over, and keeps its turn', async (t) => {
  const { queue } = queueOf('A1 A2')
  t.equal(ids(queue.take((id) => id !== 'A1')), 'A2')
  t.equal(queue.untilNext(), undefined, 'it waits for no time')
  t.equal(ids(queue.take(() => true)), 'A1')
})

t.test('what comes back with a pause waits, and counts no more as under way', async (t) => {
  const { queue, pass } = queueOf('A1 A2 A3 A4')
  const [first] = queue.take(() => true)
  queue.update({ ...first!, state: 'uploading', tries: 1 })
  queue.update({ ...first!, state: 'queued', tries: 1, wait: 50 })
  t.equal(ids(queue.take(() => true)), '', 'not before it is given back')
  queue.giveBack(first!.id)
  t.equal(ids(queue.take(() => true)), 'A4')
  queue.giveBack('A2')
  t.equal(ids(queue.take(() => true)), 'A2', 'one that did not change is due at once')
  pass(50)
  queue.giveBack('A3')
  queue.giveBack('A4')
  t.equal(ids(queue.take(() => true)), 'A1 A3')
})

t.test('another time or size of it does not make it wait longer; another name does', async (t) => {
  const { queue, pass } = queueOf('A1~')
  const [message] = messages('A1~')
  pass(0.5)
  queue.update({ ...message!, size: 7 })
  t.equal(queue.waitOf('A1~'), 0.5)
  queue.update({ ...message!, path: 'other' })
  t.equal(queue.waitOf('A1~'), 1)
})

t.test('many that come and go in any order are taken in the order in which they were closed', async (t) => {
  const { queue, pass } = queueOf('A1!', { uploads: 1 })
  queue.giveBack('A1!')
  queue.take(() => true)
  const [first] = messages('A1')
  queue.update({ ...first!, id: 'A1!', state: 'gone' })
  for (let i = 0; i < 500; i += 1) {
    const closedAt = (i * 7919) % 500
    queue.update({ ...first!, id: `f${i}`, path: `f${i}`, closedAt, wait: i % 3 })
    // It is closed again: what it was before has no say any more.
    if (i % 5 === 0) queue.update({ ...first!, id: `f${i}`, path: `f${i}`, closedAt: closedAt + 0.5, wait: i % 2 })
    if (i % 7 === 0) queue.update({ ...first!, id: `f${i}`, path: `f${i}`, closedAt, state: 'gone' })
  }
  pass(10)
  const taken: number[] = []
  for (let [one] = queue.take(() => true); one; [one] = queue.take(() => true)) {
    taken.push(one.closedAt ?? 0)
    queue.update({ ...one, state: 'submitted' })
  }
  t.equal(taken.length, 500 - Math.ceil(500 / 7))
  t.strictSame(
    taken,
    [...taken].sort((a, b) => a - b),
  )
  t.ok(queue.isEmpty)
})

t.test('pauses between tries double from a second to five minutes, by half of it at random', async (t) => {
  const table: [tries: number, longest: number][] = [
    [1, 1_000],
    [2, 2_000],
    [9, 256_000],
    [10, 300_000],
    [5_000, 300_000],
  ]
  for (const [tries, longest] of table) {
    t.equal(
      retryDelay(tries, () => 1),
      longest,
      `after ${tries} at most`,
    )
    t.equal(
      retryDelay(tries, () => 0),
      longest / 2,
      `after ${tries} at least`,
    )
  }
})

t.test('what hangs keeps nobody’s place, but no more of it than may be under way', async (t) => {
  const { queue } = queueOf('A1! A2! A3! B4 B5 B6 C7')
  const take = () => ids(queue.take(() => true))
  t.equal(take(), '')
  for (const id of ['A1!', 'A2!', 'A2!']) queue.putAside(id)
  t.equal(take(), 'B4 C7')
  for (const id of ['A3!', 'B4', 'C7']) queue.putAside(id)
  t.equal(take(), 'B5', 'three hang, and three more are under way')
  queue.update({ ...messages('A1!')[0]!, state: 'submitted' })
  t.equal(take(), '', 'it took nobody’s place')
  queue.putAside('B4')
  t.equal(take(), 'B6', 'where one hangs no more, another may')
  queue.giveBack('A2!')
  t.equal(take(), '', 'and as many are under way as may be')
  queue.giveBack('C7')
  t.equal(take(), 'A2!', 'its partner has none under way but one that hangs')
})
