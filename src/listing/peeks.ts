/** What a small LIST tells of one path of a view that is not listed yet. */
import type { CancelSignal } from '../cancellation.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Name, Prefix } from '../units.js'
import { decodeName } from '../view/names.js'
import { KeyIndex } from './key-index.js'
import { afterFolder, compareKeys } from '../s3/key-order.js'
import { IndexTree } from './key-tree.js'
import type { ViewOptions } from './listed-view.js'
import { belowPrefix } from './list-range.js'
import type { KeyTree, Purpose } from './listing.js'
import { Refreshed } from './refreshed.js'

/** The first keys of all that begin with a path. */
interface Peek {
  readonly tree: IndexTree
  readonly isAll: boolean
  /** Undefined: none was found, and there may be some all the same. */
  readonly last: string | undefined
}

/** A page may be empty and not the last one: of so many the listing of the whole tells more. */
const mostPages = 4

/** How many are remembered. */
const maxPeeks = 500

export class Peeks {
  readonly #options: ViewOptions
  /** By the beginning of the keys, without the view's prefix. */
  readonly #pages = new Map<string, Refreshed<Peek>>()

  constructor(options: ViewOptions) {
    this.#options = options
  }

  /** How many paths were looked at. */
  get count(): number {
    return this.#pages.size
  }

  /** The whole is known now. */
  clear(): void {
    this.#pages.clear()
  }

  /**
   * A tree that has what the whole one would have at a path: with all that is in it, where the content is asked for.
   * @returns undefined where that takes more than a few LISTs
   */
  async tree(names: readonly Name[], purpose: Purpose, signal: CancelSignal): Promise<KeyTree | undefined> {
    const path = rawPath(names)
    if (path === undefined) return undefined
    const [first = ''] = path
    // All that begins like the first name is a message, as a rule, and what comes next is asked of the same page.
    const wide = await this.#peek(first, signal)
    if (wide.isAll) return wide.tree
    const whole = path.join('/')
    const peek = path.length > 1 ? await this.#peek(whole, signal) : wide
    if (peek.isAll || isPast(peek, whole)) return peek.tree
    if (purpose === 'content' || peek.last === undefined) return undefined
    if (peek.tree.lookup(names)?.kind === 'folder') return peek.tree
    return this.#withFolder(peek, whole, signal)
  }

  /** So many keys come between an object and a folder of the same name that a page does not tell of the folder. */
  async #withFolder({ tree }: Peek, path: string, signal: CancelSignal): Promise<KeyTree | undefined> {
    const inFolder = await this.#peek(`${path}/`, signal)
    if (!inFolder.isAll && inFolder.last === undefined) return undefined
    const objects = [...tree.objects(), ...inFolder.tree.objects()]
    return new IndexTree(KeyIndex.of(this.#options.prefix, objects), tree)
  }

  #peek(beginning: string, signal: CancelSignal): Promise<Peek> {
    let page = this.#pages.get(beginning)
    if (!page) {
      const { meter, ttl, deadline, patience, pulse, mayServe, clock, timers } = this.#options
      const fetch = (own: CancelSignal): Promise<Peek> => meter.of('path', this.#list(beginning, own))
      const onChange = (): void => this.#options.onChange()
      page = new Refreshed({ fetch, ttl, deadline, patience, pulse, mayServe, clock, timers, onChange })
      this.#pages.set(beginning, page)
      for (const oldest of this.#pages.keys()) if (this.#pages.size > maxPeeks) this.#pages.delete(oldest)
    }
    return page.get(signal)
  }

  async #list(beginning: string, signal: CancelSignal): Promise<Peek> {
    const { store, prefix, clock } = this.#options
    const listedAt = clock.monotonic()
    const request = { prefix: (prefix + beginning) as Prefix }
    let page = await store.list(request, signal)
    for (let pages = 1; page.objects.length === 0 && page.next !== undefined && pages < mostPages; pages += 1) {
      page = await store.list({ ...request, token: page.next }, signal)
    }
    const objects: readonly ObjectInfo[] = belowPrefix(prefix, page.objects)
    return {
      tree: new IndexTree(KeyIndex.of(prefix, objects), { listedAt, completeAt: listedAt, isPart: true }),
      isAll: page.next === undefined,
      last: objects.at(-1)?.key.slice(prefix.length),
    }
  }
}

/** Whether a page goes beyond all that is in the folder of that path. */
function isPast({ last }: Peek, path: string): boolean {
  return last !== undefined && compareKeys(last, afterFolder(`${path}/`)) >= 0
}

/** @returns undefined where a name doesn't tell what it stands for: a cut one */
function rawPath(names: readonly Name[]): string[] | undefined {
  const decoded = names.map(decodeName)
  return decoded.every((it) => it !== undefined) ? decoded.map((it) => it.segment) : undefined
}
