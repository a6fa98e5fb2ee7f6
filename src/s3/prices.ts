/**
 * What requests cost: list prices of S3 Standard in us-east-1, by https://aws.amazon.com/s3/pricing/ ("Requests & data
 * retrievals") as of 2025. Other regions are up to twice as dear, other servers have prices of their own. Pure.
 */
import type { Milliseconds } from '../units.js'

/** What may be asked of S3: the requests of `Store`. */
export const requestKinds = [
  'list',
  'get',
  'head',
  'put',
  'createMultipart',
  'uploadPart',
  'completeMultipart',
  'abortMultipart',
] as const

export type RequestKind = (typeof requestKinds)[number]
export type RequestCounts = Readonly<Record<RequestKind, number>>

/** "PUT, COPY, POST, LIST requests (per 1,000 requests)", in dollars, and "GET, SELECT, and all other requests". */
const [writing, reading] = [0.005, 0.0004]

const dollarsPerThousand: RequestCounts = {
  list: writing,
  get: reading,
  head: reading,
  put: writing,
  createMultipart: writing,
  uploadPart: writing,
  completeMultipart: writing,
  // "DELETE and CANCEL requests are free."
  abortMultipart: 0,
}

const day: Milliseconds = 86_400_000

/** @param within how long that was asked */
export function dollarsADay(counts: Partial<RequestCounts>, within: Milliseconds): number {
  const dollars = requestKinds.reduce((sum, it) => sum + ((counts[it] ?? 0) / 1_000) * dollarsPerThousand[it], 0)
  return (dollars * day) / within
}
