/** What became of each key, and when: for buckets of many thousands, where a whole state for each change is too much. */
import { createHash } from 'node:crypto'
import type { Key, Milliseconds } from '../../src/units.js'
import type { Version } from './read-history.js'

interface Moment {
  readonly at: Milliseconds
  /** Undefined: it was deleted. */
  readonly version: Version | undefined
  /** Whether it came as the last one of its view. */
  readonly isLast: boolean
}

export class Timeline {
  /** By the prefix of their view. */
  readonly #views = new Map<string, Map<string, Moment[]>>()
  readonly #latest = new Map<string, string>()
  #count = 0

  /** A version that none was like before. */
  version(key: string, size: number, mtime: number): Version {
    const bytes = Buffer.alloc(size, `${(this.#count += 1)} ${key} `)
    return { key: key as Key, size, mtime, etag: createHash('md5').update(bytes).digest('hex'), bytes }
  }

  put(view: string, version: Version, at: Milliseconds): void {
    const latest = this.#latest.get(view)
    const isLast = latest === undefined || version.key >= latest
    if (isLast) this.#latest.set(view, version.key)
    this.#note(view, version.key, { at, version, isLast })
  }

  delete(view: string, key: string, at: Milliseconds): void {
    this.#note(view, key, { at, version: undefined, isLast: false })
  }

  /** Every key that ever was in a view. */
  keys(view: string): Iterable<string> {
    return this.#views.get(view)?.keys() ?? []
  }

  /** Those that are there now. */
  present(view: string): string[] {
    return [...this.keys(view)].filter((key) => this.#moments(view, key).at(-1)?.version)
  }

  /** What it was at some moment of that time; undefined: it was absent. */
  versions(view: string, key: string, from: Milliseconds, to: Milliseconds): readonly (Version | undefined)[] {
    const moments = this.#moments(view, key)
    const found = moments.filter((it, i) => it.at <= to && (moments[i + 1]?.at ?? Infinity) >= from)
    const isFirst = (moments[0]?.at ?? Infinity) >= from
    return [...(isFirst ? [undefined] : []), ...found.map((it) => it.version)]
  }

  /** Whether what is there came behind all that was there. */
  cameLast(view: string, key: string): boolean {
    return this.#moments(view, key).at(-1)?.isLast === true
  }

  /** How many keys were there at some moment since then. */
  count(view: string, since: Milliseconds): number {
    let count = 0
    for (const moments of this.#views.get(view)?.values() ?? []) {
      if (moments.some(({ version }, i) => version && (moments[i + 1]?.at ?? Infinity) >= since)) count += 1
    }
    return count
  }

  #moments(view: string, key: string): readonly Moment[] {
    return this.#views.get(view)?.get(key) ?? []
  }

  #note(view: string, key: string, moment: Moment): void {
    let keys = this.#views.get(view)
    if (!keys) this.#views.set(view, (keys = new Map<string, Moment[]>()))
    keys.set(key, [...(keys.get(key) ?? []), moment])
  }
}
