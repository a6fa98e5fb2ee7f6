/** A line of the log says all that an MDN says, in few bytes; lines of older versions say it, too. */
import fc from 'fast-check'
import t from 'tap'
import { formatLine } from '../../src/journal/lines.js'
import { outcomeOf } from '../../src/mdn/disposition.js'
import { changeIn, entryOf, type IndexedMdn } from '../../src/mdn/indexed-mdn.js'

const text = fc.oneof(fc.string(), fc.constantFrom('', '~', '=', '~processed', '==', 'A'))
const maybe = <T>(it: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(it, { nil: undefined })
const disposition = fc.oneof(
  text,
  text.map((it) => `automatic-action/MDN-sent-automatically; ${it}`),
)
const says = fc
  .record({
    disposition,
    contradictory: fc.array(text, { maxLength: 2 }),
    originalMessageId: maybe(text),
    finalRecipient: maybe(text),
    from: maybe(text),
    to: maybe(text),
    mic: maybe(text),
  })
  .map((it) => ({ ...it, outcome: outcomeOf(it.disposition) }))
const mdn: fc.Arbitrary<IndexedMdn> = fc.record({
  id: fc.record({ direction: fc.constantFrom('incoming', 'outgoing'), key: text, version: text }),
  mtime: fc.integer(),
  says: maybe(says),
  allowedAt: maybe(fc.integer()),
})

const written = (entry: object): unknown => JSON.parse(JSON.stringify(entry))

t.test('what is written is what is read', async (t) => {
  fc.assert(
    fc.property(mdn, (read) => t.same(changeIn(written(entryOf({ read }))), { read })),
    { numRuns: 300 },
  )
})

t.test('a usual one takes at most 200 bytes beside its ids', async (t) => {
  const [key, version, originalMessageId] = [
    '1961070000000000.mdn',
    'f'.repeat(32),
    '<1961070000000000.as2@mftgateway.com>',
  ]
  const usual = {
    ...{
      disposition: 'automatic-action/MDN-sent-automatically; processed',
      contradictory: [],
      outcome: 'delivered' as const,
    },
    ...{
      originalMessageId,
      finalRecipient: 'PARTNER',
      from: 'PARTNER',
      to: 'BENCH',
      mic: `${'M'.repeat(44)}, sha-256`,
    },
  }
  const read: IndexedMdn = { id: { direction: 'incoming', key, version }, mtime: 1_773_943_860_000, says: usual }
  const ids = key.length + version.length + originalMessageId.length
  const { length } = formatLine(entryOf({ read }))
  t.ok(length - ids <= 150, `${length - ids} bytes, and ${ids}`)
})

t.test('a line of before says the same', async (t) => {
  const line = {
    ...{ direction: 'incoming', key: '1.mdn', version: 'e', mtime: 5, disposition: 'a/b; processed' },
    ...{ originalMessageId: '<1>', finalRecipient: 'P', from: 'Q', to: 'R', mic: 'x, sha-256', allowedAt: 7 },
  }
  t.match(changeIn(line), {
    read: {
      id: { direction: 'incoming', key: '1.mdn', version: 'e' },
      mtime: 5,
      says: {
        disposition: 'a/b; processed',
        originalMessageId: '<1>',
        finalRecipient: 'P',
        from: 'Q',
        to: 'R',
        mic: 'x, sha-256',
      },
      allowedAt: 7,
    },
  })
  t.match(changeIn({ direction: 'outgoing', key: '1.mdn', version: 'e', mtime: 5 }), { read: { says: undefined } })
})

t.test('what a version before did not understand is to be read again; what this one did not is not', async (t) => {
  const id = { direction: 'incoming', key: '1.mdn', version: 'e' } as const
  const nothing = {
    originalMessageId: undefined,
    finalRecipient: undefined,
    from: undefined,
    to: undefined,
    mic: undefined,
  }
  const unclear = { disposition: 'a/b; processed', contradictory: [], outcome: 'delivered', ...nothing } as const
  const isOutdated = (entry: unknown): boolean | undefined => {
    const change = changeIn(entry)
    return change && 'read' in change ? (change.read.isOutdated ?? false) : undefined
  }
  t.equal(isOutdated({ ...id, mtime: 5 }), true)
  t.equal(isOutdated({ ...id, mtime: 5, disposition: 'a/b; processed' }), true, 'of what message')
  t.equal(isOutdated({ ...id, mtime: 5, disposition: 'a/b; processed', originalMessageId: '<1>' }), false)
  t.equal(isOutdated({ mdn: [0, '1.mdn', 'e', 5] }), true)
  t.equal(isOutdated({ mdn: [0, '1.mdn', 'e', 5, '~processed'] }), true)
  t.equal(isOutdated({ mdn: [0, '1.mdn', 'e', 5, '~processed', '<1>'] }), false)
  t.equal(isOutdated(entryOf({ read: { id, mtime: 5, says: undefined } })), false)
  t.equal(isOutdated(entryOf({ read: { id, mtime: 5, says: unclear } })), false)
})

t.test('what makes no sense says nothing', async (t) => {
  const lines = [
    7,
    'x',
    {},
    [],
    [0],
    [2, 'k', 'v', 1],
    ['0', 'k', 'v', 1],
    [0, 1, 'v', 1],
    [0, 'k', null, 1],
    [0, 'k', 'v', '1'],
  ]
  for (const line of lines) t.equal(changeIn({ mdn: line }), undefined, JSON.stringify(line))
  t.match(changeIn({ mdn: [0, 'k', 'v', 1, 7, 7, 'x'] }), { read: { says: undefined } })
})
