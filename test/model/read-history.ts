/** What was in the bucket, and when. Each change makes another state; the past ones are what may still be shown. */
import { createHash } from 'node:crypto'
import type { ObjectInfo } from '../../src/s3/store.js'
import type { EpochMs, Key, Milliseconds, Prefix } from '../../src/units.js'

/** One version of an object. No two have the same bytes, but those of a length below that of their name. */
export interface Version extends ObjectInfo {
  readonly bytes: Buffer
}

export class BucketState {
  /** From when on it was so, by the clock that never steps. */
  readonly since: Milliseconds
  readonly objects: ReadonlyMap<string, Version>
  readonly #below = new Map<Prefix, readonly Version[]>()

  constructor(since: Milliseconds, objects: ReadonlyMap<string, Version>) {
    this.since = since
    this.objects = objects
  }

  /** In the order of keys; the prefix itself, which some tools make an object of, is nothing. */
  below(prefix: Prefix): readonly Version[] {
    let found = this.#below.get(prefix)
    if (!found) {
      found = [...this.objects.values()]
        .filter((it) => it.key.startsWith(prefix) && it.key.length > prefix.length)
        .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
      this.#below.set(prefix, found)
    }
    return found
  }

  hasBelow(prefix: string): boolean {
    for (const key of this.objects.keys()) if (key.startsWith(prefix)) return true
    return false
  }
}

export class History {
  readonly #states: BucketState[] = [new BucketState(0, new Map())]
  readonly #firsts = new Map<Version, BucketState>()
  #count = 0

  get now(): BucketState {
    return this.#states.at(-1) ?? new BucketState(0, new Map())
  }

  /** A version that none was like before. */
  version(key: string, size: number, mtime: EpochMs): Version {
    const name = `${(this.#count += 1)} ${key} `
    const bytes = Buffer.alloc(size, name)
    return { key: key as Key, size, mtime, etag: createHash('md5').update(bytes).digest('hex'), bytes }
  }

  put(versions: readonly Version[], at: Milliseconds): void {
    this.#become(new Map([...this.now.objects, ...versions.map((it) => [it.key, it] as const)]), at)
    for (const version of versions) this.#firsts.set(version, this.now)
  }

  /** What was there from the beginning. */
  get filled(): readonly Version[] {
    return [...(this.#states[1]?.objects.values() ?? [])].filter((it) => this.#firsts.get(it) === this.#states[1])
  }

  /** The state that it came with. */
  firstWith(version: Version): BucketState | undefined {
    return this.#firsts.get(version)
  }

  /** Of the last object of that key; 0: there was none. */
  sizeOf(key: string): number {
    for (let i = this.#states.length - 1; i >= 0; i -= 1) {
      const size = this.#states[i]?.objects.get(key)?.size
      if (size !== undefined) return size
    }
    return 0
  }

  delete(key: string, at: Milliseconds): void {
    const objects = new Map(this.now.objects)
    if (objects.delete(key)) this.#become(objects, at)
  }

  /** All that were so at some moment of that time, the first one first. */
  within(from: Milliseconds, to: Milliseconds): readonly BucketState[] {
    return this.#states.filter((state, i) => state.since <= to && (this.#states[i + 1]?.since ?? Infinity) >= from)
  }

  /** Undefined: it was absent. */
  versionsWithin(key: string, from: Milliseconds, to: Milliseconds): ReadonlySet<Version | undefined> {
    return new Set(this.within(from, to).map((state) => state.objects.get(key)))
  }

  #become(objects: ReadonlyMap<string, Version>, at: Milliseconds): void {
    this.#states.push(new BucketState(at, objects))
  }
}
