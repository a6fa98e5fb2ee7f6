/** Where listings over many partners go, by table: what is known, and the LIST that follows. */
import t from 'tap'
import { furtherStarts, nextStep, type SweptPage, type ViewFacts } from '../../../src/listing/sweeps/plan.js'
import { kindOf, partnerOf, stationOf, viewOf } from '../../../src/listing/sweeps/places.js'
import { pagesAhead, type Steps } from '../../../src/listing/sweeps/walk.js'

t.test('a key is in a view of a partner of a station, however deep that lies', async (t) => {
  const table = [
    ['S/P/inbox/1/a', 3, 'S/P/inbox/'],
    ['S/P/inbox/', 3, 'S/P/inbox/'],
    ['S/P/inbox', 3, undefined],
    ['S/P/a', 2, 'S/P/'],
    ['S/a', 2, undefined],
    ['//a', 2, '//'],
  ] as const
  for (const [key, depth, view] of table) t.equal(viewOf(key, depth), view, key)
  t.equal(partnerOf('S/P/inbox/'), 'S/P/')
  t.equal(stationOf('S/P/inbox/'), 'S/')
  t.equal(kindOf('S/P/inbox/'), 'inbox/')
  t.equal(kindOf('S/P/'), '', 'the whole of a partner')
})

t.test('a sweep goes on behind a page, or behind the view in which the page ends', async (t) => {
  const facts: ViewFacts = {
    depth: 3,
    wants: (view) => view.endsWith('/inbox/'),
    isLarge: (view) => view === 'S/Large/inbox/',
  }
  const page = (first: string, last: string, isLast = false): SweptPage => ({ first, last, isLast })
  const table = [
    ['it is wanted', page('S/A/inbox/1', 'S/C/inbox/1'), { after: 'S/C/inbox/1', passed: undefined, isLarge: false }],
    [
      'nobody wants it',
      page('S/A/inbox/1', 'S/C/outbox/1'),
      { after: 'S/C/outbox0', passed: 'S/C/outbox/', isLarge: false },
    ],
    [
      'it is large',
      page('S/A/inbox/1', 'S/Large/inbox/1'),
      { after: 'S/Large/inbox0', passed: 'S/Large/inbox/', isLarge: false },
    ],
    [
      'it fills the page',
      page('S/C/inbox/1', 'S/C/inbox/9'),
      { after: 'S/C/inbox0', passed: 'S/C/inbox/', isLarge: true },
    ],
    ['no view has it', page('S/A/inbox/1', 'S/b'), { after: 'S/b', passed: undefined, isLarge: false }],
    [
      'it is the end',
      page('S/A/inbox/1', 'S/C/inbox/1', true),
      { after: undefined, passed: undefined, isLarge: false },
    ],
    [
      'nothing came',
      { first: undefined, last: undefined, isLast: false },
      { after: undefined, passed: undefined, isLarge: false },
    ],
  ] as const
  for (const [what, came, next] of table) t.same(nextStep(came, facts), next, what)
})

t.test('how far ahead of who walks is listed follows from how he goes', async (t) => {
  const ttl = 5_000
  const quick = { pages: 10, elapsed: 100 }
  const table: readonly (readonly [string, Steps, number | undefined])[] = [
    ['one partner: its view alone', { partners: 1, before: 0, ...quick }, undefined],
    ['one again and again', { partners: 1, before: 1, ...quick }, undefined],
    ['a second one: a page that goes beyond', { partners: 2, before: 1, ...quick }, 0],
    ['a third one: ahead', { partners: 3, before: 0, ...quick }, 2],
    ['twice as far with each', { partners: 5, before: 0, ...quick }, 8],
    ['up to a bound', { partners: 500, before: 0, ...quick }, 32],
    ['one more round begins', { partners: 1, before: 300, ...quick }, 0],
    ['and goes on at once', { partners: 2, before: 300, ...quick }, 32],
    ['slowly: what he comes to in half a ttl', { partners: 50, before: 0, pages: 10, elapsed: 10_000 }, 3],
    ['very slowly: the next page', { partners: 50, before: 0, pages: 1, elapsed: 600_000 }, 1],
  ]
  for (const [what, steps, pages] of table) t.equal(pagesAhead(steps, ttl), pages, what)
})

t.test('sweeps beside one another list whole pages, and the last one what is left', async (t) => {
  const keysOf = (count: number) => ({
    count,
    keyAfter: (n: number) => (n < count ? String(n).padStart(7, '0') : undefined),
  })
  const table = [
    ['few pages: one sweep', 7_000, 32, []],
    ['nobody goes so far', 100_000, 2, []],
    ['eight pages: two', 8_000, 32, ['0003950']],
    ['many: as many as may be', 32_000, 32, ['0007950', '0015900', '0023850']],
    ['what is ahead counts, not what there is', 100_000, 8, ['0003950']],
  ] as const
  for (const [what, count, ahead, starts] of table) t.same(furtherStarts(keysOf(count), ahead), starts, what)
})
