/** What sweeps have found below a common prefix, and when: keys in one index, and which parts of the key space were listed. */
import { afterFolder, compareKeys } from '../../s3/key-order.js'
import type { ObjectInfo } from '../../s3/store.js'
import type { Milliseconds, Prefix } from '../../units.js'
import { KeyIndex } from '../key-index.js'
import { IndexTree } from '../key-tree.js'
import { Contents } from './contents.js'
import { firstThrough, laidOver, oldest, oldestKeys, rangeOf, type Part } from './parts.js'

/** The folders in a folder, as they were then. */
export interface FoundFolders {
  readonly names: readonly string[]
  readonly at: Milliseconds
}

export class Coverage {
  #index: KeyIndex
  /** In key order, none of them over another. */
  #parts: readonly Part[] = []
  readonly #contents = new Contents()

  constructor(prefix: Prefix) {
    this.#index = new KeyIndex(prefix, [])
  }

  /** How many objects are known. */
  get size(): number {
    return this.#index.size
  }

  /** When the newest part was listed. */
  get newestAt(): Milliseconds | undefined {
    return this.#parts.length === 0 ? undefined : this.#parts.reduce((newest, it) => Math.max(newest, it.at), -Infinity)
  }

  /**
   * Takes over what a LIST has found between two keys.
   * @returns whether something that was known before is another now
   */
  note(part: Omit<Part, 'isPassed' | 'keysAt'>, objects: readonly ObjectInfo[]): boolean {
    return this.#put({ ...part, isPassed: false, keysAt: part.at }, objects)
  }

  /** A view was gone past: it has keys. What was known of them is still what was known last. */
  notePassed(view: string, at: Milliseconds): void {
    const keysAt = this.listedAt(view)
    const part = { after: view, through: afterFolder(view), at, isPassed: true, keysAt }
    if (keysAt === undefined) this.#put(part, [])
    else this.#parts = laidOver(this.#parts, part).parts
  }

  /** @returns when all that is below a path was listed, the oldest part of it; undefined: not all was */
  listedAt(path: string): Milliseconds | undefined {
    const found = this.#partsOf(path, (it) => it.keysAt !== undefined)
    return found && oldestKeys(found)
  }

  /** What is below a path; undefined: not all of it was ever listed. */
  tree(path: string): IndexTree | undefined {
    const at = this.listedAt(path)
    if (at === undefined) return undefined
    const content = (): object => this.#contents.of(path, tree)
    const tree: IndexTree = new IndexTree(
      this.#index,
      { listedAt: at, completeAt: at, isBelowRoot: true },
      path,
      content,
    )
    return tree
  }

  /** The page on which what is below a path begins, if that was listed: the same object for all that is on it. */
  pageOf(path: string): object | undefined {
    const part = this.#parts[firstThrough(this.#parts, path)]
    return part && compareKeys(part.after, path) <= 0 ? part : undefined
  }

  /** The folders at a path; of those that were gone past it is known that they are there. */
  folders(path: string): FoundFolders | undefined {
    const parts = this.#partsOf(path, (it) => it.after !== path && it.after.startsWith(path))
    if (!parts) return undefined
    const names = new Set<string>()
    for (const part of parts) if (part.isPassed) names.add(firstSegment(part.after.slice(path.length)))
    const end = this.#index.lowerBound(afterFolder(path))
    for (let at = this.#index.lowerBound(path); at < end;) {
      const rest = this.#index.key(at).slice(path.length)
      const name = firstSegment(rest)
      if (name.length === rest.length) at += 1
      else {
        names.add(name)
        at = this.#index.endOf(`${path}${name}/`, at)
      }
    }
    return { names: [...names].sort(compareKeys), at: oldest(parts) }
  }

  /**
   * From a key on, the first one behind all that was listed at that time or later without a gap.
   * @returns the key and how many parts come before it; undefined: all is listed, to the last key
   */
  frontier(from: string, since: Milliseconds): { readonly after: string; readonly parts: number } | undefined {
    let after = from
    let at = firstThrough(this.#parts, from)
    const first = at
    for (let part = this.#parts[at]; part; part = this.#parts[(at += 1)]) {
      if (part.at < since || compareKeys(part.after, after) > 0) break
      if (part.through === undefined) return undefined
      after = part.through
    }
    return { after, parts: at - first }
  }

  /** About how many keys are known between two, the second exclusive. */
  count(after: string, until: string | undefined): number {
    const end = until === undefined ? this.#index.size : this.#index.lowerBound(until)
    return Math.max(0, end - this.#index.upperBound(after))
  }

  /** The key that comes so many after another; undefined past the last one. */
  keyAfter(after: string, count: number): string | undefined {
    const position = this.#index.upperBound(after) + count - 1
    return position >= this.#index.size ? undefined : this.#index.key(position)
  }

  forget(key: string): void {
    this.#index = this.#index.without(key)
  }

  /** A look at one object has found it to be this one. */
  replace(key: string, object: ObjectInfo): void {
    if (this.#index.find(key) !== undefined) this.#index = this.#index.with(object)
  }

  /** The parts that a path is in, if they leave no gap. @param mayPass whether a part that was gone past is as good */
  #partsOf(path: string, mayPass: (part: Part) => boolean): readonly Part[] | undefined {
    const end = afterFolder(path)
    const found: Part[] = []
    let position = path
    for (let at = firstThrough(this.#parts, path); ; at += 1) {
      const part = this.#parts[at]
      if (!part || compareKeys(part.after, position) > 0 || (part.isPassed && !mayPass(part))) return undefined
      found.push(part)
      if (part.through === undefined || compareKeys(part.through, end) >= 0) return found
      position = part.through
    }
  }

  #put(part: Part, objects: readonly ObjectInfo[]): boolean {
    const former = this.#index
    const { parts, covered } = laidOver(this.#parts, part)
    this.#parts = parts
    this.#index = former.replaced(rangeOf(part), objects)
    return this.#index !== former && !covered.every((it) => this.#index.isSameIn(rangeOf(it), former))
  }
}

function firstSegment(path: string): string {
  const [first = ''] = path.split('/', 1)
  return first
}
