/** What happens in the model of deliveries: messages go out, receipts come, in any order and form; who looks, and what becomes of it all. */
import fc from 'fast-check'
import { mdnForms, type MdnForm } from '../../src/demo/mdn-forms.js'
import { receipts } from '../../src/demo/receipt.js'
import type { MdnLayout } from '../../src/demo/bucket-layout.js'
import type { Milliseconds } from '../../src/units.js'
import type { Outage } from './read-actions.js'

const said = Object.keys(receipts) as (keyof typeof receipts)[]
export type Said = keyof typeof receipts

/** Of a message, by its number; it may not be in the outbox yet. */
export interface NewReceipt {
  readonly do: 'receipt'
  readonly message: number
  readonly says: Said
  readonly form: MdnForm
  readonly layout: MdnLayout
}

export type DeliveryAction =
  | NewReceipt
  /** A file of a message, its first one or another. */
  | { readonly do: 'send'; readonly message: number; readonly file: string }
  /** The gateway takes it away. */
  | { readonly do: 'expire'; readonly message: number }
  /** The nth receipt comes once more, under another key. */
  | { readonly do: 'repeat'; readonly nth: number }
  | { readonly do: 'replace'; readonly nth: number; readonly says: Said }
  | { readonly do: 'expire-receipt'; readonly nth: number }
  | { readonly do: 'look' }
  /** Somebody asks what happened since he asked last. */
  | { readonly do: 'follow' }
  | { readonly do: 'wait'; readonly ms: Milliseconds }
  | { readonly do: 'outage'; readonly kind: Exclude<Outage, 'hung'> }
  /** Receipts can be listed, but not be read: the bucket fails, or the keys may not. */
  | { readonly do: 'unreadable'; readonly kind: 'busy' | 'denied' }
  | { readonly do: 'well' }
  /** @param isKilled else it ends in order */
  | { readonly do: 'restart'; readonly isKilled: boolean }

export interface DeliveryScenario {
  readonly pageLimit: number
  readonly actions: readonly DeliveryAction[]
}

export const messages = 5
const message = fc.nat({ max: messages - 1 })
const nth = fc.nat({ max: 10 })
const says = fc.oneof(
  { arbitrary: fc.constant('processed' as const), weight: 2 },
  { arbitrary: fc.constant('duplicate' as const), weight: 1 },
  { arbitrary: fc.constantFrom(...said), weight: 3 },
)
const form = fc.oneof(fc.constant('headers' as const), fc.constantFrom(...mdnForms))
const layout = fc.constantFrom(
  'by-partner' as const,
  'by-partner' as const,
  'by-message' as const,
  'by-mdn' as const,
  'dated' as const,
)
const ms = fc.constantFrom(1, 1_000, 5_001, 5_001, 5_001, 30_000, 61_000, 601_000, 3_700_000)

const action: fc.Arbitrary<DeliveryAction> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('receipt' as const), message, says, form, layout }), weight: 12 },
  {
    arbitrary: fc.record({ do: fc.constant('send' as const), message, file: fc.constantFrom('a', 'a', 'b_c') }),
    weight: 10,
  },
  { arbitrary: fc.record({ do: fc.constant('expire' as const), message }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('repeat' as const), nth }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('replace' as const), nth, says }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('expire-receipt' as const), nth }), weight: 1 },
  { arbitrary: fc.constant({ do: 'look' as const }), weight: 12 },
  { arbitrary: fc.constant({ do: 'follow' as const }), weight: 5 },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms }), weight: 14 },
  {
    arbitrary: fc.record({ do: fc.constant('outage' as const), kind: fc.constantFrom('refused', 'busy', 'keys') }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ do: fc.constant('unreadable' as const), kind: fc.constantFrom('busy', 'denied') }),
    weight: 1,
  },
  { arbitrary: fc.constant({ do: 'well' as const }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('restart' as const), isKilled: fc.boolean() }), weight: 3 },
)

export function deliveryScenarios(most: number): fc.Arbitrary<DeliveryScenario> {
  return fc.record({
    pageLimit: fc.constantFrom(1_000, 1, 3),
    actions: fc.array(action, { minLength: most / 2, maxLength: most, size: 'max' }),
  })
}
