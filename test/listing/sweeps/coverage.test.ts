/** What is known below a common prefix: compared with all the LISTs it was told of. */
import fc from 'fast-check'
import t from 'tap'
import { Coverage } from '../../../src/listing/sweeps/coverage.js'
import { afterFolder, compareKeys } from '../../../src/s3/key-order.js'
import type { ObjectInfo } from '../../../src/s3/store.js'
import type { Key, Prefix } from '../../../src/units.js'

const prefix = 'AS2/files/' as Prefix
const views = ['A/B/inbox/', 'A/B/outbox/', 'A/C/inbox/', 'A/C/inbox-/', 'B/A/inbox/']
const keys = views.flatMap((view) => ['1/a', '2', '2/b', '3/c'].map((rest) => view + rest)).sort(compareKeys)
const bounds = ['', ...keys, ...views, ...views.map(afterFolder)].sort(compareKeys)

/** A LIST: what is in the bucket then, between two bounds. */
interface Listed {
  readonly after: string
  readonly through: string | undefined
  readonly objects: readonly ObjectInfo[]
}

function object(key: string, size: number): ObjectInfo {
  return { key: (prefix + key) as Key, size, mtime: size, etag: String(size) }
}

const anyList = fc
  .record({
    from: fc.nat(bounds.length - 1),
    length: fc.integer({ min: 1, max: bounds.length }),
    there: fc.array(fc.boolean(), { minLength: keys.length, maxLength: keys.length }),
    size: fc.constantFrom(1, 2),
  })
  .map(({ from, length, there, size }): Listed => {
    const [after, through] = [bounds[from] ?? '', bounds[from + length]]
    const isIn = (key: string): boolean =>
      compareKeys(key, after) > 0 && (through === undefined || compareKeys(key, through) <= 0)
    return {
      after,
      through,
      objects: keys.filter((key, i) => there[i] === true && isIn(key)).map((it) => object(it, size)),
    }
  })
  .filter(({ after, through }) => through === undefined || compareKeys(through, after) > 0)

t.test(
  'a view is known when LISTs have left no gap in it, with what the last of them found, and the time of the first',
  async () => {
    fc.assert(
      fc.property(fc.array(anyList, { maxLength: 12 }), (lists) => {
        const coverage = new Coverage(prefix)
        lists.forEach(({ objects, ...range }, at) => coverage.note({ ...range, at }, objects))
        for (const view of views) check(coverage, view, lists)
      }),
      { numRuns: 500 },
    )
  },
)

/** By the definition: each place of the key space is as the last LIST over it has it. */
function check(coverage: Coverage, view: string, lists: readonly Listed[]): void {
  // Between two neighbouring bounds all is as of one LIST.
  const places = bounds
    .map((after, i) => ({ after, through: bounds[i + 1] }))
    .filter((it) => compareKeys(it.after, view) >= 0 && compareKeys(it.after, afterFolder(view)) < 0)
    .filter((it) => it.through === undefined || compareKeys(it.through, it.after) > 0)
  const covers = ({ after, through }: Listed, place: (typeof places)[number]): boolean =>
    compareKeys(after, place.after) <= 0 &&
    (through === undefined || (place.through !== undefined && compareKeys(through, place.through) >= 0))
  const last = places.map((place) => lists.findLastIndex((list) => covers(list, place)))
  const listedAt = last.includes(-1) ? undefined : Math.min(...last)
  if (coverage.listedAt(view) !== listedAt)
    throw new Error(`${view} listed at ${coverage.listedAt(view)}, not ${listedAt}`)
  if (listedAt === undefined) return
  const expected = places.flatMap((place, i) =>
    (lists[last[i] ?? 0]?.objects ?? []).filter(({ key }) => {
      const below = key.slice(prefix.length)
      return (
        compareKeys(below, place.after) > 0 && (place.through === undefined || compareKeys(below, place.through) <= 0)
      )
    }),
  )
  const inView = expected.filter(({ key }) => key.startsWith(prefix + view))
  const shown = [...(coverage.tree(view)?.objects() ?? [])]
  if (JSON.stringify(shown) !== JSON.stringify(inView)) {
    throw new Error(`${view}: ${JSON.stringify(shown)}, not ${JSON.stringify(inView)}`)
  }
}

t.test('a view that was gone past is not known, but that it is there', async (t) => {
  const coverage = new Coverage(prefix)
  coverage.note({ after: '', through: 'A/B/inbox/', at: 1 }, [])
  coverage.notePassed('A/B/inbox/', 1)
  coverage.note({ after: 'A/B/inbox0', through: undefined, at: 2 }, [object('A/B/outbox/1', 1)])
  t.equal(coverage.tree('A/B/inbox/'), undefined)
  t.equal(coverage.tree('A/B/'), undefined)
  t.equal(coverage.tree('A/B/outbox/')?.size, 1)
  t.same(coverage.folders('A/B/'), { names: ['inbox', 'outbox'], at: 1 })
  t.same(coverage.folders('A/C/'), { names: [], at: 2 })
})

t.test('of a view that is gone past, what was known stays what is known, and as old as it is', async (t) => {
  const coverage = new Coverage(prefix)
  const sizes = (): (number | undefined)[] => [coverage.tree('A/B/inbox/')?.size, coverage.tree('A/B/')?.size]
  coverage.note({ after: '', through: undefined, at: 1 }, [object('A/B/inbox/1', 1), object('A/B/outbox/1', 1)])
  coverage.notePassed('A/B/inbox/', 2)
  coverage.notePassed('A/B/inbox/', 3)
  t.same(sizes(), [1, 2])
  t.equal(coverage.listedAt('A/B/inbox/'), 1)
  t.same(coverage.frontier('A/B/inbox/', 3), { after: 'A/B/inbox0', parts: 1 }, 'it was passed at that time')
  coverage.note({ after: 'A/B/inbox/2', through: 'A/B/inbox/3', at: 4 }, [])
  coverage.notePassed('A/B/outbox/', 5)
  t.equal(coverage.listedAt('A/B/inbox/'), 1)
  coverage.note({ after: 'A/B/inbox/', through: 'A/B/inbox0', at: 6 }, [
    object('A/B/inbox/2', 1),
    object('A/B/inbox/3', 1),
  ])
  t.same(sizes(), [2, 3])
  t.equal(coverage.listedAt('A/B/inbox/'), 6)
})

t.test('it tells whether what was known is another now', async (t) => {
  const coverage = new Coverage(prefix)
  const all = { after: '', through: undefined }
  t.equal(coverage.note({ ...all, at: 1 }, [object('A/B/inbox/1', 1)]), false, 'nothing was known')
  t.equal(coverage.note({ ...all, at: 2 }, [object('A/B/inbox/1', 1)]), false, 'the same')
  t.equal(coverage.note({ ...all, at: 3 }, [object('A/B/inbox/1', 2)]), true, 'replaced')
  t.equal(coverage.note({ ...all, at: 4 }, []), true, 'deleted')
})

t.test(
  'what stands for the content of a view stays as long as that is the same, whatever comes beside it',
  async (t) => {
    const coverage = new Coverage(prefix)
    const all = { after: '', through: undefined }
    const content = (view: string): object | undefined => coverage.tree(view)?.content
    coverage.note({ ...all, at: 1 }, [object('A/B/inbox/1', 1), object('A/C/inbox/1', 1)])
    const [before, beside] = [content('A/B/inbox/'), content('A/C/inbox/')]
    t.not(before, beside)
    coverage.note({ ...all, at: 2 }, [object('A/B/inbox/1', 1), object('A/C/inbox/1', 2)])
    t.equal(content('A/B/inbox/'), before)
    t.not(content('A/C/inbox/'), beside)
  },
)

t.test('the way from a key on through what is new enough ends at the first gap', async (t) => {
  const coverage = new Coverage(prefix)
  coverage.note({ after: '', through: 'A/B/outbox/1/a', at: 10 }, [])
  coverage.note({ after: 'A/B/outbox/1/a', through: 'A/C/inbox/1/a', at: 5 }, [])
  coverage.note({ after: 'A/C/inbox/1/a', through: undefined, at: 10 }, [])
  t.same(coverage.frontier('A/B/inbox/', 6), { after: 'A/B/outbox/1/a', parts: 1 })
  t.equal(coverage.frontier('A/B/inbox/', 5), undefined, 'all of it')
  t.same(coverage.frontier('A/B/outbox/1/a', 6), { after: 'A/B/outbox/1/a', parts: 0 })
})
