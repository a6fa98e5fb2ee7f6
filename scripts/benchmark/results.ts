/** What was measured, and what is made of several runs of it. */
import type { Bytes, Milliseconds } from '../../src/units.js'
import type { ContenderName } from './contenders.js'
import type { Counts } from './server/process.js'

type Unit = 'seconds' | 'milliseconds' | 'bytes'

/** One figure of one run. */
export interface Figure {
  /** The row: what was done. */
  readonly work: string
  readonly unit: Unit
  /** In the unit; undefined if it did not come to that. */
  readonly value: number | undefined
  /** What was moved in that time, where a rate says more. */
  readonly bytes?: Bytes
  readonly requests?: Counts
  /** Instead of a value: `> 90 s`, or what went wrong. */
  readonly failure?: string
}

export interface Result extends Figure {
  readonly item: string
  /** `alone`: a yardstick, without any mount. */
  readonly contender: ContenderName | 'alone'
  readonly delay: Milliseconds
  readonly run: number
}

/** All runs of one piece of work by one contender. */
export interface Summary {
  readonly median: number | undefined
  readonly unit: Unit
  readonly runs: number
  readonly bytes: Bytes | undefined
  readonly requests: number | undefined
  /** All of them were LISTs. */
  readonly isListing: boolean
  readonly failure: string | undefined
}

export function summary(results: readonly Result[]): Summary | undefined {
  const [first] = results
  if (!first) return undefined
  const values = results.flatMap((it) => it.value ?? [])
  const counts = results.flatMap((it) => (it.requests === undefined ? [] : total(it.requests)))
  return {
    median: median(values),
    unit: first.unit,
    runs: results.length,
    bytes: first.bytes,
    requests: median(counts),
    isListing: results.every((it) => Object.keys(it.requests ?? {}).every((name) => name === 'LIST')),
    failure: results.find((it) => it.failure !== undefined)?.failure,
  }
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** What was counted between two moments. */
export function difference(after: Counts, before: Counts): Counts {
  const operations = Object.keys(after) as (keyof Counts)[]
  const changes = operations.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
  return Object.fromEntries(changes.filter(([, count]) => count > 0))
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  if (upper === undefined || sorted.length % 2 === 1) return upper
  return (upper + (sorted[middle - 1] ?? upper)) / 2
}
