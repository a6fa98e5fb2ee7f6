/** What is made of several runs of the same work. */
import type { Bytes } from '../../../src/units.js'
import type { LinkName } from '../link.js'
import type { Result, Unit } from '../results.js'
import type { Counts } from '../server/process.js'

/** Of several runs. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** All runs of one row by one contender. */
export interface Summary {
  /** @see Row */
  readonly id: string
  readonly words: string
  readonly link: LinkName
  readonly contender: Result['contender']
  readonly unit: Unit
  readonly runs: number
  /** In the unit; undefined if it did not come to that. */
  readonly value?: Spread
  /** Milliseconds. */
  readonly cpu?: Spread
  readonly bytes?: Bytes
  /** Median of all requests. */
  readonly requests?: number
  /** All of them were LISTs. */
  readonly isListing: boolean
  readonly failure?: string
}

/** In the order in which they were first measured. */
export function summaries(results: readonly Result[]): readonly Summary[] {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    const name = JSON.stringify([result.link, result.row.id, result.contender])
    groups.set(name, [...(groups.get(name) ?? []), result])
  }
  return [...groups.values()].flatMap((group) => summary(group) ?? [])
}

function summary(results: readonly Result[]): Summary | undefined {
  const [first] = results
  if (!first) return undefined
  const { contender, link, row, unit, bytes } = first
  const value = spread(results.flatMap((it) => it.value ?? []))
  const cpu = spread(results.flatMap((it) => it.cpu ?? []))
  const requests = spread(results.flatMap((it) => (it.requests === undefined ? [] : total(it.requests))))
  const failure = results.find((it) => it.failure !== undefined)?.failure
  return {
    ...{ ...row, link, contender, unit, runs: results.length },
    ...(value ? { value } : {}),
    ...(cpu ? { cpu } : {}),
    ...(bytes === undefined ? {} : { bytes }),
    ...(requests ? { requests: requests.median } : {}),
    isListing: results.every((it) => Object.keys(it.requests ?? {}).every((name) => name === 'LIST')),
    ...(failure === undefined ? {} : { failure }),
  }
}

/** @returns undefined: of nothing */
export function spread(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [least, upper, most] = [sorted[0], sorted[middle], sorted.at(-1)]
  if (least === undefined || upper === undefined || most === undefined) return undefined
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
  return { median, least, most }
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
