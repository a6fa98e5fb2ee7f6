/** What happens in the model of a `new/`: what comes and goes in the inbox, what programs do, and what becomes of the daemon. */
import fc from 'fast-check'
import type { Milliseconds } from '../../src/units.js'
import { messageFolder, type Look, type Outage } from './read-actions.js'

/** What others do to the inbox. Numbers choose among what there is at that moment. */
export type Arrival =
  /** @param late so much older than it can be seen its LastModified is */
  | { readonly do: 'arrive'; readonly rest: string; readonly late: Milliseconds }
  | { readonly do: 'replace'; readonly nth: number }
  | { readonly do: 'delete'; readonly nth: number }
  /** With the same content as before. */
  | { readonly do: 'put-again'; readonly nth: number }

/** A path of `new/`: the nth that is shown, or one that may be anything. */
export type Which = { readonly nth: number } | { readonly path: string }

/** What a program does. */
export type Deed =
  | { readonly do: 'remove'; readonly which: Which }
  /** @param to undefined: to the name that it would have by itself */
  | { readonly do: 'rename'; readonly which: Which; readonly to: string | undefined }
  /** Two remove or rename one at the same time. */
  | { readonly do: 'race'; readonly which: Which; readonly to: readonly [string | undefined, string | undefined] }
  | { readonly do: 'mkdir'; readonly path: string }
  | { readonly do: 'make'; readonly path: string; readonly size: number }
  | { readonly do: 'link'; readonly which: Which; readonly to: string }
  | { readonly do: 'chmod'; readonly which: Which; readonly mode: number }
  | { readonly do: 'reset' }
  | { readonly do: 'take-all' }

export type NewAction =
  | Arrival
  | Deed
  | { readonly do: 'look'; readonly kind: Look['do']; readonly which?: Which; readonly during?: Arrival | undefined }
  | { readonly do: 'inbox' }
  | { readonly do: 'read'; readonly nth: number }
  | { readonly do: 'wait'; readonly ms: Milliseconds }
  | { readonly do: 'outage'; readonly kind: Outage }
  | { readonly do: 'deny' }
  | { readonly do: 'well' }
  /** @param isKilled else it ends in order */
  | { readonly do: 'restart'; readonly isKilled: boolean }

export interface NewScenario {
  readonly pageLimit: number
  /** So many messages are there from the beginning, one a minute. */
  readonly messages: number
  /** `--new-from=mount` */
  readonly fromMount: boolean
  readonly actions: readonly NewAction[]
}

/** Some of which have the same flat name. */
const rests = ['1/a', '1/b', '1/a/b', '1/a_b', '1_a', '1_a/b', '2/a.edi', '2_a.edi', '2/', '3/x', 'x', 'é/%2F', '3/\n']
const nth = fc.nat({ max: 12 })
const path = fc.constantFrom('x', 'y', 'x.lck', '1_a', '2_a.edi', '.done', '.done/x', '.done/1_a', '.done/in', '.b/x')
const folder = fc.constantFrom('.done', '.done', '.b', '.done/in', 'x', '1_a')
const target = fc.oneof(path, fc.constant(undefined))
const which: fc.Arbitrary<Which> = fc.oneof(
  { arbitrary: fc.record({ nth }), weight: 5 },
  { arbitrary: fc.record({ path }), weight: 1 },
)
const late = fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, fc.constantFrom(1_000, 60_000, 3_600_000))

function arrival(rest: fc.Arbitrary<string>): fc.Arbitrary<Arrival> {
  return fc.oneof(
    { arbitrary: fc.record({ do: fc.constant('arrive' as const), rest, late }), weight: 5 },
    { arbitrary: fc.record({ do: fc.constant('replace' as const), nth }), weight: 1 },
    { arbitrary: fc.record({ do: fc.constant('delete' as const), nth }), weight: 1 },
    { arbitrary: fc.record({ do: fc.constant('put-again' as const), nth }), weight: 1 },
  )
}

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('remove' as const), which }), weight: 8 },
  { arbitrary: fc.record({ do: fc.constant('rename' as const), which, to: target }), weight: 10 },
  { arbitrary: fc.record({ do: fc.constant('race' as const), which, to: fc.tuple(target, target) }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('mkdir' as const), path: folder }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('make' as const), path, size: fc.nat({ max: 30 }) }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('link' as const), which, to: path }), weight: 1 },
  {
    arbitrary: fc.record({ do: fc.constant('chmod' as const), which, mode: fc.constantFrom(0o400, 0o755) }),
    weight: 1,
  },
  { arbitrary: fc.constant({ do: 'reset' as const }), weight: 1 },
  { arbitrary: fc.constant({ do: 'take-all' as const }), weight: 1 },
)

const ms = fc.constantFrom(1, 1_000, 4_999, 5_001, 5_001, 5_001, 10_001, 60_000, 301_000, 601_000, 601_000)
const kind = fc.constantFrom('getattr' as const, 'readdir' as const, 'open' as const)
const outage = fc.constantFrom('refused' as const, 'busy' as const, 'keys' as const, 'hung' as const)

function action(rest: fc.Arbitrary<string>): fc.Arbitrary<NewAction> {
  const during = fc.option(arrival(rest), { nil: undefined, freq: 5 })
  return fc.oneof(
    { arbitrary: arrival(rest), weight: 14 },
    { arbitrary: deed, weight: 22 },
    { arbitrary: fc.record({ do: fc.constant('look' as const), kind, which }), weight: 6 },
    {
      arbitrary: fc.record({ do: fc.constant('look' as const), kind: fc.constant('readdir' as const), during }),
      weight: 6,
    },
    { arbitrary: fc.constant({ do: 'inbox' as const }), weight: 2 },
    { arbitrary: fc.record({ do: fc.constant('read' as const), nth }), weight: 2 },
    { arbitrary: fc.record({ do: fc.constant('wait' as const), ms }), weight: 12 },
    { arbitrary: fc.record({ do: fc.constant('outage' as const), kind: outage }), weight: 1 },
    { arbitrary: fc.constant({ do: 'deny' as const }), weight: 1 },
    { arbitrary: fc.constant({ do: 'well' as const }), weight: 3 },
    { arbitrary: fc.record({ do: fc.constant('restart' as const), isKilled: fc.boolean() }), weight: 3 },
  )
}

export function newScenarios(most: number): fc.Arbitrary<NewScenario> {
  return fc.record({
    pageLimit: fc.constantFrom(1_000, 1, 3),
    messages: fc.constantFrom(0, 0, 4),
    fromMount: fc.constantFrom(false, false, true),
    actions: fc.array(action(fc.constantFrom(...rests)), { minLength: most / 2, maxLength: most, size: 'max' }),
  })
}

/** An inbox of more than a page, whose new keys are looked for behind the known ones. */
export function longNewScenarios(most: number): fc.Arbitrary<NewScenario> {
  const rest = fc.constantFrom(3, 900, 1_095, 1_100, 1_101, 1_102, 1_103, 1_104).map((n) => `${messageFolder(n)}/b`)
  return fc.record({
    pageLimit: fc.constantFrom(1_000, 400),
    messages: fc.constant(1_100),
    fromMount: fc.boolean(),
    actions: fc.array(action(rest), { minLength: most / 2, maxLength: most, size: 'max' }),
  })
}
