/** From where on new keys are looked for, and what tells that this would not find them. */
import t from 'tap'
import { ArrivalOrder, difference } from '../../src/listing/arrival-order.js'
import { KeyIndex } from '../../src/listing/key-index.js'
import { lookBackPoint } from '../../src/listing/look-back.js'
import { inbox, objectsOf, type Listed } from '../helpers/listed.js'

const minute = 60_000
const key = (n: number): string => String(10_000 + n)

/** @param mtimeOf in minutes */
function index(count: number, mtimeOf: (n: number) => number, others: readonly Listed[] = []): KeyIndex {
  const listed = Array.from({ length: count }, (_, n) => ({ key: key(n), mtime: mtimeOf(n) * minute }))
  return KeyIndex.of(inbox, objectsOf([...listed, ...others]))
}

t.test('a view of one page is listed whole', async (t) => {
  t.equal(lookBackPoint(index(1_000, (n) => n)), undefined)
})

for (const [what, of, point] of [
  ['a message a minute: those of the last quarter of an hour are looked at again', index(1_200, (n) => n), key(1_183)],
  ['all at one time: as far as one LIST goes, and room for what is new', index(12_000, () => 1), key(11_099)],
  ['the newest is the first: all of it', index(1_200, (n) => 1_200 - n), undefined],
] as const) {
  t.test(what, async (t) => t.equal(lookBackPoint(of), point))
}

t.test('a full listing tells what came where nobody looks', async (t) => {
  const known = index(1_200, (n) => n)
  const newer = (it: string) => ({ key: it, mtime: 2_000 * minute })
  t.same(difference(known, known), { isSame: true, fresh: 0, late: 0 })
  t.same(
    difference(
      known,
      index(1_200, (n) => n, [newer(key(1_200))]),
    ),
    { isSame: false, fresh: 1, late: 0 },
  )
  t.same(
    difference(
      known,
      index(1_200, (n) => n, [newer('0'), newer(`${key(1_183)}a`)]),
    ),
    { isSame: false, fresh: 2, late: 1 },
  )
  t.same(
    difference(
      known,
      index(1_199, (n) => n),
    ),
    { isSame: false, fresh: 0, late: 0 },
    'one is gone',
  )
  const replaced = index(1_200, (n) => (n === 7 ? 1_300 : n))
  t.same(difference(known, replaced), { isSame: false, fresh: 0, late: 0 }, 'one is another')
})

t.test(
  'one late key, and a view is in no order, until three refreshes were or nothing was late for long',
  async (t) => {
    const order = new ArrivalOrder(10 * minute)
    t.ok(order.isOrdered)
    order.note({ fresh: 2, late: 1 }, 0)
    t.notOk(order.isOrdered)
    for (const at of [1, 2]) order.note({ fresh: 1, late: 0 }, at)
    order.note({ fresh: 0, late: 0 }, 3)
    t.notOk(order.isOrdered, 'one that brought nothing tells nothing')
    order.note({ fresh: 1, late: 0 }, 4)
    t.ok(order.isOrdered)
    order.note({ fresh: 1, late: 1 }, 5)
    order.note({ fresh: 0, late: 0 }, 4 + 10 * minute)
    t.notOk(order.isOrdered)
    order.note({ fresh: 0, late: 0 }, 5 + 10 * minute)
    t.ok(order.isOrdered)
  },
)
