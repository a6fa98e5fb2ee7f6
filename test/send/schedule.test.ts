/** Which uploads are next, by table. */
import t from 'tap'
import type { Message } from '../../src/send/message.js'
import { nextDue, nextUploads, retryDelay } from '../../src/send/schedule.js'

const now = 1_000_000
const limits = { uploads: 3, large: 100 }

/** `A1`: closed first at partner A; `!` is under way, `+` is large, `~` is not due yet. */
function messages(text: string): Message[] {
  return text.split(' ').map((word) => {
    const [, partner = '', at = '', marks = ''] = /^([A-Z])(\d+)(.*)$/.exec(word) ?? []
    return {
      ...{ id: word, path: word, station: 'ACME', partner, tries: 0, mtime: 0 },
      state: marks.includes('!') ? 'uploading' : 'queued',
      size: marks.includes('+') ? limits.large + 1 : limits.large,
      closedAt: Number(at),
      notBefore: marks.includes('~') ? now + 1 : now,
    }
  })
}
const next = (text: string, more: Partial<typeof limits> = {}): string =>
  nextUploads(messages(text), now, { ...limits, ...more })
    .map((it) => it.id)
    .join(' ')

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
  const states = ['open', 'held', 'submitted', 'failed', 'gone'] as const
  const all = states.map((state) => ({ ...messages('A1')[0]!, state }))
  t.strictSame(nextUploads(all, now, limits), [])
  t.equal(nextDue(all), undefined)
})

t.test('with --uploads 1 a large file is sent too', async (t) => {
  t.equal(next('A1+ A2', { uploads: 1 }), 'A1+')
})

t.test('the time of the next one is the earliest of those that wait', async (t) => {
  t.equal(nextDue(messages('A1~ B2~')), now + 1)
  t.equal(nextDue(messages('A1~ B2')), now)
  t.equal(nextDue(messages('A1!')), undefined)
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
