/** Where views are below a common prefix: paths of raw segments, each ended by `/`. Pure. */
import type { Prefix } from '../../units.js'

/** A prefix of the bucket below which the views of all partners are. */
export interface CommonPrefix {
  readonly prefix: Prefix
  /** How many segments below it are a view's path: `<station>/<partner>/` and what comes behind that. */
  readonly depth: number
}

/** Station and partner. */
const ofPartner = 2

/** The view that a key is in; undefined where its path is shorter than that. */
export function viewOf(key: string, depth: number): string | undefined {
  return beginning(key, depth)
}

/** The partner's folder that a path is in, or is. */
export function partnerOf(path: string): string | undefined {
  return beginning(path, ofPartner)
}

/** The station's folder that a path is in, or is. */
export function stationOf(path: string): string | undefined {
  return beginning(path, 1)
}

/** Which of a partner's views a path is; empty: the whole of a partner. */
export function kindOf(path: string): string {
  return path.slice(partnerOf(path)?.length ?? path.length)
}

function beginning(path: string, segments: number): string | undefined {
  let end = -1
  for (let i = 0; i < segments; i += 1) {
    end = path.indexOf('/', end + 1)
    if (end < 0) return undefined
  }
  return path.slice(0, end + 1)
}
