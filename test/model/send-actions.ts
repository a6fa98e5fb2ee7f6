/** What the model of `send/` may be asked to do, and random sequences of it over a few names. */
import fc from 'fast-check'

/**
 * A request fails before or after it has had its effect, or gets another's page then; or an upload is done and answered as if
 * its key had been taken (who stands between has tried it twice), or as if it was refused for the moment.
 */
export type RequestFault = (typeof requestFaults)[number]
const requestFaults = ['before', 'after', 'page', 'pageAfter', 'takenAfter', 'throttledAfter'] as const

/** Who gets a second descriptor: the process itself, a child of it, or a child of a child that has ended. */
export type Heir = 'itself' | 'child' | 'orphan'

export type Action =
  | { readonly do: 'open'; readonly name: string; readonly truncate: boolean }
  | { readonly do: 'write'; readonly handle: number; readonly size: number; readonly append: boolean }
  | { readonly do: 'dup'; readonly handle: number; readonly heir: Heir }
  /** One descriptor, by its process; or all of that process, by SIGKILL. */
  | { readonly do: 'close' | 'kill'; readonly handle: number }
  | { readonly do: 'rename'; readonly name: string; readonly to: string }
  | { readonly do: 'unlink'; readonly name: string }
  | { readonly do: 'truncate'; readonly name: string; readonly size: number }
  | { readonly do: 'mkdir' | 'rmdir' }
  /** The folder becomes an archive. */
  | { readonly do: 'pack'; readonly to: string }
  | {
      readonly do: 'upload'
      readonly faults: readonly RequestFault[]
      /** PUTs that fail keep the sender waiting for an answer until something else happens to the network. */
      readonly isStalled: boolean
      readonly isWaitedFor: boolean
    }
  /** `outage`: the bucket can't be reached until the next upload, or crash. `take`: the gateway falls asleep or wakes up. */
  | { readonly do: 'crash' | 'take' | 'outage' }

export const folder = 'd'
/** Two that are sent when they are closed, two that are held, two in a folder. */
const names = ['a', 'b', '.a', '.b', `${folder}/a`, `${folder}/.b`]
const archives = ['z.zip', '.z.zip']

const name = fc.constantFrom(...names)
const anyName = fc.constantFrom(...names, ...names, ...archives)
const handle = fc.nat({ max: 3 })
const heir = fc.constantFrom<Heir>('itself', 'child', 'orphan')
const faults = fc.array(fc.constantFrom(...requestFaults), { maxLength: 4 })

function just<const T extends Action['do']>(...what: T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...what)
}

/** Printed as it could be written. */
function record<T>(fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record<T>(fields, { noNullPrototype: true })
}

const one: fc.Arbitrary<Action> = fc.oneof(
  { arbitrary: record({ do: just('open'), name, truncate: fc.boolean() }), weight: 12 },
  {
    arbitrary: record({ do: just('write'), handle, size: fc.integer({ min: 1, max: 9_000 }), append: fc.boolean() }),
    weight: 12,
  },
  { arbitrary: record({ do: just('close'), handle }), weight: 11 },
  { arbitrary: record({ do: just('kill'), handle }), weight: 3 },
  {
    arbitrary: record({ do: just('dup'), handle, heir }),
    weight: 3,
  },
  { arbitrary: record({ do: just('rename'), name: anyName, to: anyName }), weight: 9 },
  { arbitrary: record({ do: just('unlink'), name: anyName }), weight: 2 },
  { arbitrary: record({ do: just('truncate'), name, size: fc.nat({ max: 5_000 }) }), weight: 2 },
  { arbitrary: record({ do: just('mkdir', 'mkdir', 'rmdir') }), weight: 3 },
  { arbitrary: record({ do: just('pack'), to: fc.constantFrom(...archives) }), weight: 2 },
  {
    arbitrary: record({ do: just('upload'), faults, isStalled: fc.boolean(), isWaitedFor: fc.boolean() }),
    weight: 8,
  },
  { arbitrary: record({ do: just('crash', 'outage') }), weight: 2 },
  { arbitrary: record({ do: just('take') }), weight: 3 },
)

/** What often goes together: chance alone would seldom come so far. Handle 0 is the one that was opened last. */
const written = (it: string, size: number): Action[] => [
  { do: 'open', name: it, truncate: false },
  { do: 'write', handle: 0, size, append: true },
]
const closed: Action = { do: 'close', handle: 0 }
const size = fc.integer({ min: 1, max: 9_000 })
const passages: fc.Arbitrary<Action[]>[] = [
  fc.tuple(name, size).map((it) => written(...it)),
  fc.tuple(name, size).map((it) => [...written(...it), closed]),
  fc
    .tuple(name, size, anyName)
    .map(([it, bytes, to]) => [...written(it, bytes), closed, { do: 'rename', name: it, to }]),
  fc
    .tuple(name, size, fc.boolean())
    .map(([it, bytes, isRemoved]) => [
      ...[...written(it, bytes), closed],
      isRemoved ? { do: 'unlink', name: it } : { do: 'truncate', name: it, size: bytes - 1 },
    ]),
  fc
    .tuple(name, size, heir, fc.boolean())
    .map(([it, bytes, by, isKilled]) => [
      ...[...written(it, bytes), { do: 'dup', handle: 0, heir: by } as const],
      { do: isKilled ? 'kill' : 'close', handle: 1 },
    ]),
  fc.tuple(name, size).map((it) => [{ do: 'outage' }, ...written(...it), closed]),
  fc.tuple(name, name).map(([it, to]) => [
    { do: 'open', name: it, truncate: false },
    { do: 'rename', name: it, to },
  ]),
  fc
    .tuple(size, fc.constantFrom(...archives), fc.boolean())
    .map(([bytes, to, isPacked]) => [
      ...[{ do: 'mkdir' } as const, ...written(`${folder}/a`, bytes), closed],
      ...(isPacked ? [{ do: 'pack', to } as const] : []),
    ]),
  fc
    .tuple(name, size, faults)
    .map(([it, bytes, after]) => [
      ...[...written(it, bytes), closed],
      { do: 'upload', faults: ['before', ...after].slice(-3) as RequestFault[], isStalled: true, isWaitedFor: false },
      { do: 'crash' },
    ]),
]

export function actions(maxLength: number): fc.Arbitrary<Action[]> {
  const some = one.map((it) => [it])
  const any = fc.oneof({ arbitrary: some, weight: 12 }, ...passages.map((arbitrary) => ({ arbitrary, weight: 1 })))
  // Without a bias to short ones: what goes wrong takes some steps.
  return fc.noBias(fc.array(any, { minLength: 1, maxLength, size: 'max' })).map((all) => all.flat())
}
