import t from 'tap'
import { isDuplicate, suffixed } from '../../src/send/life/duplicates.js'

const minute = 60_000
const hour = 60 * minute
const noon = Date.UTC(2026, 10, 24, 12, 5, 2, 123)

t.test('a name is a duplicate for six hours', async (t) => {
  t.equal(isDuplicate(noon - (5 * hour + 59 * minute), noon), true, '5 h 59 min')
  t.equal(isDuplicate(noon - 6 * hour + 1, noon), true)
  t.equal(isDuplicate(noon - 6 * hour, noon), false)
  t.equal(isDuplicate(noon - (6 * hour + minute), noon), false, '6 h 01 min')
  t.equal(isDuplicate(undefined, noon), false, 'never seen')
  t.equal(isDuplicate(noon + minute, noon), true, 'seen in the future')
})

t.test('a suffix is a UTC time before the extension', async (t) => {
  t.equal(suffixed('order.edi', noon), 'order_20261124T120502123Z.edi')
  t.equal(suffixed('order.tar.gz', noon), 'order.tar_20261124T120502123Z.gz')
  t.equal(suffixed('order', noon), 'order_20261124T120502123Z')
  t.equal(suffixed('.order', noon), '.order_20261124T120502123Z')
  t.equal(suffixed('a.b/order', noon), 'a.b/order_20261124T120502123Z')
})

t.test('a name stays within 255 bytes and keeps its extension', async (t) => {
  for (const name of [`${'x'.repeat(251)}.edi`, `${'ü'.repeat(125)}.edi`, `${'🚚'.repeat(62)}.edi`]) {
    const longer = suffixed(name, noon)
    t.ok(Buffer.byteLength(longer) <= 255)
    t.ok(Buffer.byteLength(longer) > 251, 'no more is cut than must be')
    t.match(longer, /^.+_20261124T120502123Z\.edi$/)
    t.notMatch(longer, /\ufffd/)
  }
  const dotted = suffixed(`x.${'y'.repeat(253)}`, noon)
  t.equal(Buffer.byteLength(dotted), 255, 'what is long is no extension')
})
