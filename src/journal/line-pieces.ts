/** Lines in pieces of some size, for a file that is made anew. */
import type { Bytes } from '../units.js'
import { formatLine } from './lines.js'

/** A line, without its end. */
export interface LinePlace {
  readonly offset: Bytes
  readonly length: Bytes
}

const readAtOnce: Bytes = 1024 * 1024
const madeAtOnce: Bytes = 64 * 1024

/** As they are made of entries. */
export function* linesOf(entries: Iterable<object>): Generator<Buffer, undefined> {
  let piece = ''
  for (const entry of entries) {
    piece += formatLine(entry)
    if (piece.length < madeAtOnce) continue
    yield Buffer.from(piece)
    piece = ''
  }
  yield Buffer.from(piece)
}

/**
 * As they stand in a file.
 * @param places in the order of the file
 * @param read of that file
 */
export async function* linesAt(
  places: readonly LinePlace[],
  read: (offset: Bytes, length: Bytes) => Promise<Buffer>,
): AsyncGenerator<Buffer, undefined> {
  for (const run of runsOf(places)) {
    const [from, last] = [run[0]?.offset ?? 0, run.at(-1)]
    const bytes = await read(from, last ? last.offset + last.length + 1 - from : 0)
    yield Buffer.concat(run.map((it) => bytes.subarray(it.offset - from, it.offset - from + it.length + 1)))
  }
}

/** Where they are when they stand one after the other. */
export function offsetsOf(places: readonly LinePlace[]): Bytes[] {
  let next = 0
  return places.map(({ length }) => {
    const offset = next
    next += length + 1
    return offset
  })
}

/** Lines that are read at once. */
function* runsOf(places: readonly LinePlace[]): Generator<readonly LinePlace[], undefined> {
  let run: LinePlace[] = []
  for (const place of places) {
    if (run[0] && place.offset + place.length - run[0].offset > readAtOnce) {
      yield run
      run = []
    }
    run.push(place)
  }
  if (run.length > 0) yield run
}
