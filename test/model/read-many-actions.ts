/** What happens in the model with many partners: walks through all of them, and what others do meanwhile. */
import fc from 'fast-check'
import type { Milliseconds } from '../../src/units.js'
import type { Outage } from './read-actions.js'
import { viewCount } from './read-many-partners.js'

interface Resize {
  readonly do: 'grow' | 'shrink'
  readonly partner: number
}

interface OfOne {
  readonly do: 'replace' | 'delete'
  readonly partner: number
  readonly view: number
  readonly nth: number
}

/** Numbers choose among what there is. */
export type ManyChange =
  /** @property isLate its place in the order is before those that are there */
  | { readonly do: 'put'; readonly partner: number; readonly view: number; readonly isLate: boolean }
  | OfOne
  /** To more than a page, or to a few. */
  | Resize

/** What happens between two looks of a walk. */
export type ManyEvent =
  | ManyChange
  | { readonly do: 'wait'; readonly ms: Milliseconds }
  | { readonly do: 'outage'; readonly kind: Outage }
  | { readonly do: 'heal' }
  | { readonly do: 'deny'; readonly what: Denial; readonly partner: number; readonly view: number }
  | { readonly do: 'allow' }

/** What may not be listed: all below one of the folders that have partners; folders of so many segments and fewer; all of a station, of a partner; one view. */
type Denial = 'root' | 'roots' | 'stations' | 'station' | 'partner' | 'view'

export interface Walk {
  readonly do: 'walk'
  /** All folders, as find goes through them; else one view of each partner. */
  readonly view: number | 'all'
  readonly order: 'keys' | 'backwards' | 'shuffled'
  /** How many looks are under way at a time. */
  readonly callers: number
  /** It ends after so many partners. */
  readonly most: number
  /** Behind so many partners. */
  readonly events: readonly { readonly after: number; readonly event: ManyEvent }[]
}

/** One partner's view alone. */
interface Visit {
  readonly do: 'visit'
  readonly partner: number
  readonly view: number
}

export type ManyAction = ManyEvent | Walk | Visit

export interface ManyScenario {
  readonly pageLimit: number
  /** How long each answer of the bucket takes. */
  readonly latency: Milliseconds
  readonly partners: number
  readonly stations: number
  readonly isConfigured: boolean
  /** How many messages the inboxes hold, one after the other, and again from the beginning. */
  readonly messages: readonly number[]
  readonly actions: readonly ManyAction[]
}

const partner = fc.nat({ max: 39 })
const view = fc.oneof(
  { arbitrary: fc.constant(0), weight: 3 },
  { arbitrary: fc.nat({ max: viewCount - 1 }), weight: 1 },
)
const nth = fc.nat({ max: 1_500 })
const outages = fc.constantFrom('refused' as const, 'busy' as const, 'hung' as const)
const someLater = fc.constantFrom(1, 2_500, 4_999, 5_000, 5_001, 5_001, 10_001)
const muchLater = fc.constantFrom(60_000, 301_000, 601_000)

const change: fc.Arbitrary<ManyChange> = fc.oneof(
  {
    arbitrary: fc.record({
      ...{ do: fc.constant('put' as const), partner, view },
      isLate: fc.nat({ max: 4 }).map((n) => n === 0),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({ do: fc.constantFrom('replace' as const, 'delete' as const), partner, view, nth }),
    weight: 4,
  },
  { arbitrary: fc.record({ do: fc.constantFrom('grow' as const, 'shrink' as const), partner }), weight: 1 },
)

const event: fc.Arbitrary<ManyEvent> = fc.oneof(
  { arbitrary: change, weight: 12 },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: someLater }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('outage' as const), kind: outages }), weight: 1 },
  { arbitrary: fc.constant({ do: 'heal' as const }), weight: 2 },
  {
    arbitrary: fc.record({
      do: fc.constant('deny' as const),
      what: fc.constantFrom(
        'root' as const,
        'roots' as const,
        'stations' as const,
        'station' as const,
        'partner' as const,
        'view' as const,
      ),
      ...{ partner, view },
    }),
    weight: 1,
  },
  { arbitrary: fc.constant({ do: 'allow' as const }), weight: 2 },
)

const walk: fc.Arbitrary<Walk> = fc.record({
  do: fc.constant('walk' as const),
  view: fc.oneof({ arbitrary: view, weight: 3 }, { arbitrary: fc.constant('all' as const), weight: 1 }),
  order: fc.constantFrom('keys' as const, 'keys' as const, 'backwards' as const, 'shuffled' as const),
  callers: fc.constantFrom(1, 1, 1, 3),
  most: fc.oneof({ arbitrary: fc.constant(40), weight: 3 }, { arbitrary: fc.nat({ max: 10 }), weight: 1 }),
  events: fc.array(fc.record({ after: fc.nat({ max: 20 }), event }), { maxLength: 3 }),
})

const action: fc.Arbitrary<ManyAction> = fc.oneof(
  { arbitrary: walk, weight: 6 },
  { arbitrary: fc.record({ do: fc.constant('visit' as const), partner, view }), weight: 3 },
  { arbitrary: event, weight: 6 },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: someLater }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: muchLater }), weight: 1 },
)

/** Most have little or nothing. */
const messages = fc.oneof(
  { arbitrary: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 5, 30), { minLength: 1, maxLength: 40 }), weight: 3 },
  { arbitrary: fc.array(fc.constantFrom(0, 0, 0, 1, 3, 300), { minLength: 5, maxLength: 40 }), weight: 1 },
)

export const manyScenarios: fc.Arbitrary<ManyScenario> = fc.record({
  pageLimit: fc.constantFrom(1_000, 1_000, 100, 7),
  latency: fc.constantFrom(0, 25, 60),
  partners: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 40 })),
  stations: fc.integer({ min: 1, max: 3 }),
  isConfigured: fc.boolean(),
  messages,
  actions: fc.array(action, { minLength: 6, maxLength: 14, size: 'max' }),
})

/** And some have more than a page. */
export const manyScenariosWithLarge: fc.Arbitrary<ManyScenario> = manyScenarios.map((it) => ({
  ...it,
  pageLimit: Math.max(100, it.pageLimit),
  messages: [...it.messages.slice(0, 7), 1_100, ...it.messages.slice(7)],
}))
