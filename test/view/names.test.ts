import fc from 'fast-check'
import t from 'tap'
import { decodeName, encodeName, encodeObjectName } from '../../src/view/names.js'

/** Few letters, all of them dangerous. */
const letter = fc.constantFrom('%', '2', '5', 'F', 'E', '0', '7', '.', '~', 'a', '\n', '\u007f', 'é', '😀', '\u0301')
const segment = fc.array(letter, { maxLength: 14 }).map((letters) => letters.join(''))

t.test('a name means the segment that it was made of', async (t) => {
  fc.assert(
    fc.property(segment, fc.boolean(), (text, collides) => {
      const name = encodeObjectName(text, { collides })
      const decoded = decodeName(name)
      return decoded?.segment === text && decoded.collides === collides
    }),
    { numRuns: 20_000 },
  )
  t.pass('20,000 segments')
})

t.test('a name is one that Linux can hold, however long or odd the segment', async (t) => {
  const long = fc.tuple(segment, fc.integer({ min: 0, max: 400 })).map(([text, times]) => text + 'é'.repeat(times))
  fc.assert(
    fc.property(long, (text) => {
      const name = encodeName(text)
      const bytes = Buffer.byteLength(name)
      return bytes > 0 && bytes <= 255 && name !== '.' && name !== '..' && !/[\x00-\x1f\x7f/]/.test(name)
    }),
    { numRuns: 5_000 },
  )
  t.pass('5,000 segments')
})

t.test('names that differ stand for segments that differ, cut ones too', async (t) => {
  const cut = encodeName('x'.repeat(300))
  t.equal(Buffer.byteLength(cut), 255)
  t.not(cut, encodeName(`${'x'.repeat(299)}y`))
  t.not(cut, encodeName(cut), 'a segment that looks like a cut name gets another one')
  t.equal(decodeName(cut), undefined, 'what was cut can only be found by looking')
})

t.test('names of every day stay as they are', async (t) => {
  for (const name of ['order.edi', '100%25.txt', 'a%20b', '50%', 'äöü 1.xml', '~x', '%zz']) {
    t.equal(encodeName(name), name)
  }
})

t.test('what a name cannot hold is escaped', async (t) => {
  t.equal(encodeName(''), '%2F')
  t.equal(encodeName('.'), '%2E')
  t.equal(encodeName('..'), '%2E%2E')
  t.equal(encodeName('a\nb'), 'a%0Ab')
  t.equal(encodeName('a%0Ab'), 'a%250Ab')
  t.equal(encodeObjectName('a', { collides: true }), 'a%2F')
})
