/** What was measured in one run. */
import type { Bytes, Milliseconds } from '../../src/units.js'
import type { ContenderName } from './contenders.js'
import type { LinkName } from './link.js'
import type { Counts } from './server/process.js'

export type Unit = 'seconds' | 'milliseconds' | 'bytes'

/** A row of the tables: what was done. */
export interface Row {
  /** The same whatever the sizes: aims go by it. */
  readonly id: string
  /** With its sizes, for people. */
  readonly words: string
}

export interface Figure {
  readonly row: Row
  readonly unit: Unit
  /** In the unit; undefined if it did not come to that. */
  readonly value: number | undefined
  /** CPU time in that time: of the daemon with all its threads and children, of a client alone its own. */
  readonly cpu?: Milliseconds
  /** What was moved in that time, where a rate says more. */
  readonly bytes?: Bytes
  readonly requests?: Counts
  /** Instead of a value: `> 90 s`, or what went wrong. */
  readonly failure?: string
}

/** Figure without the row that it is of. */
export type Measured = Omit<Figure, 'row'>

export interface Result extends Figure {
  /** `alone`: a yardstick, without any mount. */
  readonly contender: ContenderName | 'alone'
  readonly link: LinkName
  /** From 1. */
  readonly run: number
}

export function again({ id, words }: Row): Row {
  return { id: `${id}-again`, words: `${words}, again` }
}

/** What was counted between two moments. */
export function difference(after: Counts, before: Counts): Counts {
  const operations = Object.keys(after) as (keyof Counts)[]
  const changes = operations.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
  return Object.fromEntries(changes.filter(([, count]) => count > 0))
}
