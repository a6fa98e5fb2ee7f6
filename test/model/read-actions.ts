/** What happens in the read model: what others do to the bucket, what becomes of it, and who looks where. */
import fc from 'fast-check'
import type { Milliseconds } from '../../src/units.js'
import { views } from './read-views.js'

/** Numbers choose among what there is at that moment. */
export type Change =
  | { readonly do: 'put'; readonly view: number; readonly rest: string; readonly size: number }
  /** As large as before, where no size is given: only the ETag tells. */
  | { readonly do: 'replace'; readonly nth: number; readonly size?: number | undefined }
  | { readonly do: 'delete'; readonly nth: number }

const outages = ['refused', 'busy', 'keys', 'hung'] as const
export type Outage = (typeof outages)[number]

/** Where somebody looks: the path of a key, or only the first names of it; or a name that is anybody's or nobody's. */
export type Where =
  | { readonly at: 'key'; readonly nth: number; readonly names: number; readonly name?: string }
  | { readonly at: 'view'; readonly view: number; readonly name?: string }

/** @param page at which LIST of it something happens */
export interface Look {
  readonly do: 'getattr' | 'readdir' | 'open'
  readonly where: Where
  readonly during?: Change | { readonly do: 'outage'; readonly kind: Outage }
  readonly page?: number
}

/** What somebody asks of the tree. */
export type Call =
  | Look
  | { readonly do: 'together'; readonly looks: readonly Look[] }
  | {
      readonly do: 'pinned'
      readonly nth: number
      readonly from: number
      readonly length: number
      readonly isRead: boolean
      /** What others do while it is open. */
      readonly then: 'put' | 'delete' | 'delete-put'
    }
  | { readonly do: 'partners' }
  | { readonly do: 'read'; readonly nth: number; readonly from: number; readonly length: number }
  | { readonly do: 'close'; readonly nth: number }

export type Action =
  | Change
  | Call
  | { readonly do: 'wait'; readonly ms: Milliseconds }
  | { readonly do: 'outage'; readonly kind: Outage }
  | { readonly do: 'heal' }
  | { readonly do: 'deny'; readonly view: number }
  /** LISTs of so many folders from the root, or fewer, are refused. */
  | { readonly do: 'deny-above'; readonly segments: number }
  /** And those below one of the folders that have stations. */
  | { readonly do: 'deny-root'; readonly nth: number }
  | { readonly do: 'allow' }

const long = 'x'.repeat(250)
const nth = fc.nat({ max: 20 })
const view = fc.nat({ max: 1 })
const character = fc.constantFrom('a', 'a', '-', '/', '/', '.', '%', 'b')
/** Of keys below a view. */
const rest = fc.oneof(
  { arbitrary: fc.array(character, { maxLength: 5 }).map((it) => it.join('')), weight: 6 },
  {
    arbitrary: fc
      .array(fc.constantFrom('a', '/', 'é', '\u{1f600}', '%2F', '\n', '..', '.', `${long}a`, `${long}b`, '%0A', '~'), {
        maxLength: 4,
      })
      .map((it) => it.join('')),
    weight: 2,
  },
  // Whose receipt that is.
  {
    arbitrary: fc.constantFrom('A/B/a', 'A/B/b/a', 'A/C/a', 'x/A/B/a', 'A/C/A/B/a', 'A/C/b/a', 'A/B/A/B/a'),
    weight: 2,
  },
)
const size = fc.oneof(
  { arbitrary: fc.nat({ max: 40 }), weight: 12 },
  // Markers are empty.
  { arbitrary: fc.constantFrom(0, 1), weight: 4 },
  { arbitrary: fc.constant(300_000), weight: 2 },
  // More than a block.
  { arbitrary: fc.constant(1_200_000), weight: 1 },
)
const name = fc.constantFrom(
  'a',
  'b',
  '-',
  '%',
  '%2F',
  'a%2F',
  '%2E%2E',
  '%0A',
  'inbox',
  `${long}a~0123456789abcdef`,
  'é',
)

const change: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('put' as const), view, rest, size }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('replace' as const), nth, size }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('replace' as const), nth }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('delete' as const), nth }), weight: 1 },
)

const names = fc.nat({ max: 4 })
const where: fc.Arbitrary<Where> = fc.oneof(
  { arbitrary: fc.record({ at: fc.constant('view' as const), view }), weight: 8 },
  { arbitrary: fc.record({ at: fc.constant('key' as const), nth, names }), weight: 6 },
  { arbitrary: fc.record({ at: fc.constant('key' as const), nth, names, name }), weight: 1 },
  { arbitrary: fc.record({ at: fc.constant('view' as const), view, name }), weight: 1 },
)
const look = fc.constantFrom('getattr' as const, 'readdir' as const, 'readdir' as const, 'open' as const)
const from = fc.oneof(fc.nat({ max: 45 }), fc.constantFrom(131_060, 131_072, 1_048_570, 1_199_999))
const length = fc.constantFrom(1, 10, 4_096, 131_072, 600_000)
const outage = fc.record({ do: fc.constant('outage' as const), kind: fc.constantFrom(...outages) })
const page = fc.nat({ max: 4 })
const aLittleLater = fc.constantFrom(1, 1_000, 2_500, 4_999, 5_000, 5_001, 5_001, 5_001, 5_001, 10_001)
const muchLater = fc.constantFrom(60_000, 299_000, 301_000, 601_000)

const action: fc.Arbitrary<Action> = fc.oneof(
  { arbitrary: change, weight: 16 },
  { arbitrary: fc.record({ do: look, where }), weight: 28 },
  { arbitrary: fc.record({ do: look, where, during: fc.oneof(change, change, outage), page }), weight: 4 },
  {
    arbitrary: fc.record({
      do: fc.constant('together' as const),
      looks: fc.array(fc.record({ do: look, where }), { minLength: 2, maxLength: 4 }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('pinned' as const),
      ...{ nth, from, length },
      isRead: fc.boolean(),
      then: fc.constantFrom('put' as const, 'delete' as const, 'delete-put' as const),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ do: fc.constant('read' as const), nth, from, length }), weight: 5 },
  { arbitrary: fc.record({ do: fc.constant('close' as const), nth }), weight: 1 },
  { arbitrary: fc.constant({ do: 'partners' as const }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: aLittleLater }), weight: 14 },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: muchLater }), weight: 1 },
  { arbitrary: outage, weight: 1 },
  { arbitrary: fc.constant({ do: 'heal' as const }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('deny' as const), view }), weight: 1 },
  {
    arbitrary: fc.record({ do: fc.constant('deny-above' as const), segments: fc.constantFrom(2, 3, 4) }),
    weight: 1,
  },
  { arbitrary: fc.record({ do: fc.constant('deny-root' as const), nth: fc.nat({ max: 4 }) }), weight: 1 },
  { arbitrary: fc.constant({ do: 'allow' as const }), weight: 3 },
)

export interface Scenario {
  /** Most entries of a page of a listing. */
  readonly pageLimit: number
  /** The views that are looked at and changed: few, so that it is the same ones again and again. */
  readonly views: readonly number[]
  /** So many messages are in the first inbox from the beginning, one a minute. */
  readonly messages: number
  readonly actions: readonly Action[]
}

/** Views that share one listing, by the place of the first in the list of views. */
const mdnViews = [
  [7, 8],
  [7, 12],
  [8, 12],
  [7, 9],
] as const

export function scenarios(most: number): fc.Arbitrary<Scenario> {
  const any = fc.uniqueArray(fc.nat({ max: views.length - 1 }), { minLength: 1, maxLength: 2 })
  return fc.oneof(
    { arbitrary: scenario(any, fc.array(action, { minLength: most / 2, maxLength: most, size: 'max' })), weight: 3 },
    { arbitrary: scenario(fc.constantFrom([0, 2]), fc.array(action, { minLength: 5, maxLength: most })), weight: 1 },
    { arbitrary: scenario(fc.oneof(any, fc.constantFrom(...mdnViews)), byName()), weight: 2 },
    { arbitrary: scenario(fc.constantFrom(...mdnViews), ofMdns()), weight: 1 },
  )
}

function scenario(
  among: fc.Arbitrary<readonly number[]>,
  actions: fc.Arbitrary<readonly Action[]>,
): fc.Arbitrary<Scenario> {
  return fc.record({ pageLimit: fc.constantFrom(1_000, 1, 2, 3), views: among, messages: fc.constant(0), actions })
}

/** Much is there already, and for a while nobody looks at a whole view. */
function byName(): fc.Arbitrary<readonly Action[]> {
  const put = fc.record({ do: fc.constant('put' as const), view, rest, size })
  const at = fc.record({ at: fc.constant('key' as const), nth, names: fc.integer({ min: 1, max: 4 }) })
  const named = fc.record({ at: fc.constant('key' as const), nth, names: fc.integer({ min: 1, max: 4 }), name })
  const looking = fc.record({
    do: look,
    where: fc.oneof({ arbitrary: at, weight: 4 }, { arbitrary: named, weight: 1 }),
  })
  const later = fc.record({ do: fc.constant('wait' as const), ms: aLittleLater })
  const phase = fc.oneof(
    { arbitrary: looking, weight: 6 },
    { arbitrary: change, weight: 1 },
    { arbitrary: later, weight: 1 },
  )
  return fc
    .tuple(
      fc.array(put, { minLength: 3, maxLength: 25, size: 'max' }),
      fc.array(phase, { minLength: 5, maxLength: 20, size: 'max' }),
      fc.array(action, { maxLength: 10 }),
    )
    .map((parts) => parts.flat())
}

/** Receipts of several, by one listing. */
function ofMdns(): fc.Arbitrary<readonly Action[]> {
  const whose = fc.constantFrom('A/B/a', 'A/B/b', 'A/C/a', 'x/A/B/a', 'x/A/B/b', 'A/C/A/B/a', 'A/C/x/A/B/a', 'A/B/x/y')
  const put = fc.record({ do: fc.constant('put' as const), view, rest: whose, size })
  const each = fc.oneof({ arbitrary: put, weight: 1 }, { arbitrary: action, weight: 2 })
  return fc.array(each, { minLength: 15, maxLength: 40, size: 'max' })
}

/** An inbox of more than a page, whose new keys are looked for behind the known ones, if they come in order. */
export function longScenarios(most: number): fc.Arbitrary<Scenario> {
  const lookAtAll: Action = { do: 'readdir', where: { at: 'view', view: 0 } }
  const putMessage = fc.record({ do: fc.constant('put' as const), view: fc.constant(0), rest: message(), size })
  const inInbox: fc.Arbitrary<Action> = fc.oneof(
    { arbitrary: putMessage, weight: 3 },
    { arbitrary: fc.constant(lookAtAll), weight: 3 },
    { arbitrary: action, weight: 4 },
  )
  // A comparison finds what looking back did not.
  const disorder: readonly Action[] = [
    lookAtAll,
    { do: 'put', view: 0, rest: `${messageFolder(3)}/late`, size: 1 },
    { do: 'wait', ms: 601_000 },
    lookAtAll,
    { do: 'wait', ms: 5_001 },
  ]
  const actions = fc.array(inInbox, { minLength: most / 2, maxLength: most, size: 'max' })
  return fc.record({
    pageLimit: fc.constantFrom(1_000, 400),
    views: fc.constant([0]),
    messages: fc.constant(1_100),
    actions: fc
      .tuple(fc.oneof(fc.constant([]), fc.constant(disorder)), actions)
      .map(([before, rest]) => [...before, ...rest]),
  })
}

/** The folder of the n-th message. */
export function messageFolder(n: number): string {
  return String(720_784_109_390_000 + n)
}

/** The next ones, and some that come late. */
function message(): fc.Arbitrary<string> {
  const late = [3, 900, 1_085, 1_095, 1_099]
  const n = fc.oneof({ arbitrary: fc.integer({ min: 1_100, max: 1_120 }), weight: 3 }, fc.constantFrom(...late))
  return n.map((it) => `${messageFolder(it)}/b`)
}
