/** How far ahead of its reader an object is fetched. Pure policy; `pinned-object.ts` runs it. */
import type { ByteRange } from '../s3/store.js'
import type { Bytes, Milliseconds } from '../units.js'

/** What is known of one reader. */
export interface Window {
  /** The furthest end of its reads since the last jump. */
  readonly frontier: Bytes
  /** Bytes read on end since then. */
  readonly run: Bytes
  /** How many bytes beyond the frontier are wanted; 0: closed. */
  readonly ahead: Bytes
  /** The frontier at which it doubles. */
  readonly doublesAt: Bytes
}

export interface WindowLimits {
  /** How long a run opens the window. */
  readonly opensAfter: Bytes
  readonly first: Bytes
  readonly max: Bytes
  /** How far from the frontier a read still counts as the next one. */
  readonly slack: Bytes
}

/** Where the bucket is near, more would be memory for nothing: each block of it is cleared by the kernel first. */
const leastWidest: Bytes = 16 * 1024 * 1024
/** At 25 ms to S3, 32 MiB on their way are 1.3 GB/s. */
const mostWidest: Bytes = 32 * 1024 * 1024
/** Bytes a millisecond that a window is to allow for. */
const pace = 2_000_000

/** How wide a window may become. @param delay of the quickest answer; undefined: it is not known */
export function widestAt(delay: Milliseconds | undefined): Bytes {
  return delay === undefined ? mostWidest : Math.min(mostWidest, Math.max(leastWidest, Math.ceil(delay * pace)))
}

/**
 * The window doubles each time the reader has gone through as much as it held, and closes on a jump: what is fetched for
 * nobody is never more than what was read.
 */
export function nextWindow(last: Window | undefined, read: ByteRange, limits: WindowLimits): Window {
  if (!last || Math.abs(read.start - last.frontier) > limits.slack) {
    return { frontier: read.end, run: read.end - read.start, ahead: 0, doublesAt: 0 }
  }
  const frontier = Math.max(last.frontier, read.end)
  const run = last.run + frontier - last.frontier
  if (run < limits.opensAfter) return { frontier, run, ahead: 0, doublesAt: 0 }
  if (last.ahead === 0) return opened(frontier, run, limits.first, limits)
  if (frontier < last.doublesAt)
    return { frontier, run, ahead: Math.min(last.ahead, limits.max), doublesAt: last.doublesAt }
  return opened(frontier, run, last.ahead * 2, limits)
}

function opened(frontier: Bytes, run: Bytes, wanted: Bytes, { max }: WindowLimits): Window {
  const ahead = Math.min(wanted, max)
  return { frontier, run, ahead, doublesAt: frontier + ahead }
}
