/** The objects of one view in key order, compactly. Immutable: a change makes another index that shares what is equal. */
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Prefix } from '../units.js'
import type { ObjectRun } from './listing.js'
import { type Chunk, chunkLength } from './chunk.js'
import { ChunkBuilder } from './chunk-builder.js'
import { compareKeys, firstWhere } from '../s3/key-order.js'

/** A chunk below this length is packed again with what is put behind it. */
const smallChunk = chunkLength / 4

/** Keys greater than `after`, up to and with `through`; without a bound: from the first, to the last. No prefix. */
export interface KeyRange {
  readonly after: string | undefined
  readonly through: string | undefined
}

/** All keys are without the view's prefix, and positions count from 0 in key order. */
export class KeyIndex {
  readonly prefix: Prefix
  readonly size: number
  readonly #chunks: readonly Chunk[]
  /** Position of each chunk's first object. */
  readonly #starts: Uint32Array
  /** The chunk that was asked last: most who ask go on from there. */
  #hint = 0

  /** @param chunks in key order, packed without the prefix */
  constructor(prefix: Prefix, chunks: readonly Chunk[]) {
    this.prefix = prefix
    this.#chunks = chunks
    this.#starts = new Uint32Array(chunks.length)
    let size = 0
    chunks.forEach((chunk, i) => {
      this.#starts[i] = size
      size += chunk.length
    })
    this.size = size
  }

  /** @param objects all below `prefix`, in key order */
  static of(prefix: Prefix, objects: Iterable<ObjectInfo>): KeyIndex {
    return new KeyIndex(prefix, packed(objects, prefix))
  }

  key(position: number): string {
    const at = this.#chunkAt(position)
    return this.#chunks[at]?.key(position - (this.#starts[at] ?? 0)) ?? ''
  }

  /** @returns undefined past the end */
  object(position: number): ObjectInfo | undefined {
    const at = this.#chunkAt(position)
    return position < this.size ? this.#chunks[at]?.object(position - (this.#starts[at] ?? 0), this.prefix) : undefined
  }

  /** Position of the first key that is not less. */
  lowerBound(key: string): number {
    const at = firstWhere(0, this.#chunks.length, (i) => compareKeys(this.#chunks[i]?.last ?? '', key) >= 0)
    return at === this.#chunks.length ? this.size : (this.#starts[at] ?? 0) + (this.#chunks[at]?.lowerBound(key) ?? 0)
  }

  /** Position of the first key that is greater. */
  upperBound(key: string): number {
    const position = this.lowerBound(key)
    return position < this.size && this.key(position) === key ? position + 1 : position
  }

  /** Position of a key; undefined if it is not there. */
  find(key: string): number | undefined {
    const position = this.lowerBound(key)
    return position < this.size && this.key(position) === key ? position : undefined
  }

  /** The first position after `from` whose key does not begin with a folder's path; the key at `from` does. */
  endOf(path: string, from: number): number {
    let [inside, step] = [from, 1]
    while (inside + step < this.size && this.key(inside + step).startsWith(path)) {
      inside += step
      step *= 2
    }
    const bound = Math.min(inside + step, this.size)
    return firstWhere(inside + 1, bound, (position) => !this.key(position).startsWith(path))
  }

  /** The newest LastModified from one position to another, exclusive; 0 of none. */
  newest(from: number, to: number): EpochMs {
    let newest = 0
    for (const [chunk, start, end, isWhole] of this.#runs(from, to)) {
      if (isWhole) newest = Math.max(newest, chunk.newest)
      else for (let i = start; i < end; i += 1) newest = Math.max(newest, chunk.mtime(i))
    }
    return newest
  }

  /** Positions of the first and the last object that is as new as that or newer; undefined if none is. */
  span(since: EpochMs): readonly [first: number, last: number] | undefined {
    const isRecent = (chunk: Chunk): boolean => chunk.newest >= since
    const [low, high] = [this.#chunks.findIndex(isRecent), this.#chunks.findLastIndex(isRecent)]
    const [lowest, highest] = [this.#chunks[low], this.#chunks[high]]
    if (!lowest || !highest) return undefined
    let [first, last] = [0, highest.length - 1]
    while (lowest.mtime(first) < since) first += 1
    while (highest.mtime(last) < since) last -= 1
    return [(this.#starts[low] ?? 0) + first, (this.#starts[high] ?? 0) + last]
  }

  *objects(from = 0, to = this.size): Generator<ObjectInfo, undefined> {
    for (const [chunk, start, end] of this.#runs(from, to)) {
      for (let i = start; i < end; i += 1) yield chunk.object(i, this.prefix)
    }
  }

  /** The same, in runs. @param cut how much of the keys leads to the root of the tree that it is for */
  *runs(from: number, to: number, cut: number): Generator<ObjectRun, undefined> {
    const { prefix } = this
    for (const [chunk, start, end] of this.#runs(from, to)) {
      const path = (index: number): string => chunk.key(start + index).slice(cut)
      const object = (index: number): ObjectInfo => chunk.object(start + index, prefix)
      yield { content: chunk, start, length: end - start, path, object }
    }
  }

  /** Those that are as new as that or newer, in key order. */
  *recent(since: EpochMs, from = 0, to = this.size): Generator<ObjectInfo, undefined> {
    for (const [chunk, start, end] of this.#runs(from, to)) {
      if (chunk.newest < since) continue
      for (let i = start; i < end; i += 1) if (chunk.mtime(i) >= since) yield chunk.object(i, this.prefix)
    }
  }

  /** The same, of those whose last segment that is. */
  *recentNamed(name: string, since: EpochMs, from = 0, to = this.size): Generator<ObjectInfo, undefined> {
    for (const [chunk, start, end] of this.#runs(from, to)) {
      if (chunk.newest < since) continue
      for (const i of chunk.named(name))
        if (i >= start && i < end && chunk.mtime(i) >= since) yield chunk.object(i, this.prefix)
    }
  }

  /** Positions of keys that have a segment one of whose names is cut and ends so; of those of one folder at least the first. */
  *withCut(ending: string, from: number, to: number): Generator<number, undefined> {
    for (const [chunk, start, end, , offset] of this.#runs(from, to)) {
      for (const index of chunk.withCut(ending)) if (index >= start && index < end) yield offset + index
    }
  }

  /**
   * The same with other objects in a range of keys; this index itself if they are the same.
   * @param objects in key order, all of them in the range
   */
  replaced(range: KeyRange, objects: readonly ObjectInfo[]): KeyIndex {
    return this.#spliced(...this.#positions(range), objects)
  }

  without(key: string): KeyIndex {
    const position = this.find(key)
    return position === undefined ? this : this.#spliced(position, position + 1, [])
  }

  /** The same with one object, in the place of another of that key if there is one. */
  with(object: ObjectInfo): KeyIndex {
    const key = object.key.slice(this.prefix.length)
    return this.#spliced(this.lowerBound(key), this.upperBound(key), [object])
  }

  /** Whether the objects at two positions are the same, in all but their keys. */
  isSame(position: number, other: KeyIndex, otherPosition: number): boolean {
    const [at, otherAt] = [this.#chunkAt(position), other.#chunkAt(otherPosition)]
    const [chunk, otherChunk] = [this.#chunks[at], other.#chunks[otherAt]]
    if (!chunk || !otherChunk) return false
    return chunk.isSame(position - (this.#starts[at] ?? 0), otherChunk, otherPosition - (other.#starts[otherAt] ?? 0))
  }

  /** Whether another index of that prefix has the same objects in a range of keys. */
  isSameIn(range: KeyRange, other: KeyIndex): boolean {
    const [[from, to], [otherFrom, otherTo]] = [this.#positions(range), other.#positions(range)]
    if (to - from !== otherTo - otherFrom) return false
    for (let i = 0; i < to - from; i += 1) {
      if (this.key(from + i) !== other.key(otherFrom + i) || !this.isSame(from + i, other, otherFrom + i)) return false
    }
    return true
  }

  /** Of the first object in a range, and of the one behind the last. */
  #positions({ after, through }: KeyRange): readonly [from: number, to: number] {
    const from = after === undefined ? 0 : this.upperBound(after)
    return [from, through === undefined ? this.size : Math.max(from, this.upperBound(through))]
  }

  #spliced(from: number, to: number, objects: readonly ObjectInfo[]): KeyIndex {
    if (this.#isSame(from, to, objects)) return this
    let first = from === this.size ? this.#chunks.length : this.#chunkAt(from)
    let start = this.#starts[first] ?? this.size
    const before = this.#chunks[first - 1]
    if (start === from && before && before.length < smallChunk) start = this.#starts[(first -= 1)] ?? 0
    const last = to === this.size ? this.#chunks.length : this.#chunkAt(to)
    const end = to === this.#starts[last] || to === this.size ? to : (this.#starts[last + 1] ?? this.size)
    const between = [...this.objects(start, from), ...objects, ...this.objects(to, end)]
    const rest = end === to ? last : last + 1
    return new KeyIndex(this.prefix, [
      ...this.#chunks.slice(0, first),
      ...packed(between, this.prefix),
      ...this.#chunks.slice(rest),
    ])
  }

  #isSame(from: number, to: number, objects: readonly ObjectInfo[]): boolean {
    if (to - from !== objects.length) return false
    let i = 0
    for (const mine of this.objects(from, to)) if (!isSameObject(mine, objects[i++])) return false
    return true
  }

  #chunkAt(position: number): number {
    const start = this.#starts[this.#hint] ?? 0
    if (position >= start && position < start + (this.#chunks[this.#hint]?.length ?? 0)) return this.#hint
    return (this.#hint = this.#search(position))
  }

  #search(position: number): number {
    return firstWhere(0, this.#chunks.length, (i) => (this.#starts[i] ?? 0) > position) - 1
  }

  /** The parts of chunks between two positions. */
  *#runs(
    from: number,
    to: number,
  ): Generator<readonly [Chunk, start: number, end: number, isWhole: boolean, offset: number]> {
    if (from >= to) return
    for (let at = this.#chunkAt(from); at < this.#chunks.length; at += 1) {
      const [chunk, offset] = [this.#chunks[at], this.#starts[at] ?? 0]
      if (!chunk || offset >= to) return
      const [start, end] = [Math.max(0, from - offset), Math.min(chunk.length, to - offset)]
      yield [chunk, start, end, start === 0 && end === chunk.length, offset]
    }
  }
}

function packed(objects: Iterable<ObjectInfo>, prefix: Prefix): readonly Chunk[] {
  const builder = new ChunkBuilder(prefix)
  builder.add(objects)
  return builder.built()
}

function isSameObject(a: ObjectInfo, b: ObjectInfo | undefined): boolean {
  if (!b) return false
  return a.key === b.key && a.size === b.size && a.mtime === b.mtime && a.etag === b.etag
}
