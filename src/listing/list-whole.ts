/**
 * All objects below a prefix, listed in several places at the same time. A run lists from a key on to the beginning of
 * the next one; where to begin is guessed from the first page. A guess costs one LIST at most, and never a key.
 */
import { anyOf, type CancelSignal } from '../cancellation.js'
import type { FsError } from '../errors.js'
import type { ListPage, ListRequest, ObjectInfo, Store } from '../s3/store.js'
import type { Key, Prefix } from '../units.js'
import { ChunkBuilder } from './chunk-builder.js'
import { asFsError } from './failed-fetches.js'
import { KeyIndex } from './key-index.js'
import { compareKeys } from '../s3/key-order.js'
import { KeySpace } from './key-space.js'
import { belowPrefix } from './list-range.js'

/** LISTs at a time. */
const parallel = 6
/** One guess for so many pages, up to as many as shorten a listing of 100 pages; then one for so many more. */
const firstPagesPerGuess = 4
const fewGuesses = 7
const pagesPerGuess = 16
/** The next guess beyond all that is known is so many times as far as the last one. */
const stride = 8n
/** What is left of a run is halved if it may be so many pages. */
const worthHalving = 4n

class Run {
  /** Its keys are greater than this. */
  readonly after: string | undefined
  readonly chunks: ChunkBuilder
  /** Its keys are no greater than this; undefined: up to the end. */
  through: string | undefined
  /** The last key that came. */
  last: string | undefined
  token: string | undefined
  isDone = false

  constructor(prefix: Prefix, after: string | undefined, through: string | undefined) {
    this.chunks = new ChunkBuilder(prefix)
    this.after = after
    this.through = through
  }
}

/**
 * @param first its first page, if that was listed already and is not the last one
 * @throws FsError of the first LIST that fails; the others are given up then
 */
export async function listWhole(
  store: Store,
  prefix: Prefix,
  signal: CancelSignal,
  first: readonly ObjectInfo[] = [],
): Promise<KeyIndex> {
  return new WholeListing(store, prefix, signal, first).index()
}

class WholeListing {
  readonly #store: Store
  readonly #prefix: Prefix
  readonly #signal: CancelSignal
  readonly #failed = new AbortController()
  readonly #failures: FsError[] = []
  /** In key order. */
  readonly #runs: Run[]
  readonly #underWay = new Set<Promise<void>>()
  #space: KeySpace | undefined
  /** How far a page reaches. */
  #reach = 0n
  #pages = 0
  #guesses = 0
  /** How far the next guess beyond all that is known goes, in pages. */
  #ahead = stride

  constructor(store: Store, prefix: Prefix, signal: CancelSignal, first: readonly ObjectInfo[]) {
    this.#store = store
    this.#prefix = prefix
    this.#signal = anyOf(signal, this.#failed.signal)
    const run = new Run(prefix, undefined, undefined)
    this.#runs = [run]
    if (first.length > 0) this.#take(run, first, false)
  }

  async index(): Promise<KeyIndex> {
    for (const run of this.#runs) this.#start(run)
    while (this.#underWay.size > 0) await Promise.race(this.#underWay)
    // Whatever ended the others is not what went wrong.
    if (this.#failures[0]) throw this.#failures[0]
    return new KeyIndex(
      this.#prefix,
      this.#runs.flatMap((run) => run.chunks.built()),
    )
  }

  #start(run: Run): void {
    const listing = this.#list(run)
      .catch((error: unknown) => {
        this.#failures.push(asFsError(error))
        this.#failed.abort()
      })
      .finally(() => this.#underWay.delete(listing))
    this.#underWay.add(listing)
  }

  async #list(run: Run): Promise<void> {
    while (!run.isDone && !this.#failed.signal.aborted) {
      const page = await this.#store.list(this.#request(run), this.#signal)
      this.#take(run, page.objects, page.next === undefined)
      run.token = page.next
      this.#guess()
    }
  }

  #request({ token, last, after = last }: Run): ListRequest {
    if (token !== undefined) return { prefix: this.#prefix, token }
    return { prefix: this.#prefix, ...(after === undefined ? {} : { startAfter: (this.#prefix + after) as Key }) }
  }

  #take(run: Run, listed: ListPage['objects'], isEnd: boolean): void {
    const objects = belowPrefix(this.#prefix, listed)
    this.#pages += 1
    if (!this.#space && objects.length > 1) this.#learn(objects.map((it) => this.#below(it.key)))
    const { through } = run
    const isIn = (key: Key): boolean => through === undefined || compareKeys(this.#below(key), through) <= 0
    const last = objects.at(-1)
    const isWhole = last === undefined || isIn(last.key)
    run.chunks.add(isWhole ? objects : objects.filter((it) => isIn(it.key)))
    if (last) run.last = this.#below(last.key)
    run.isDone = !isWhole || isEnd
  }

  #learn(keys: readonly string[]): void {
    this.#space = new KeySpace(keys)
    this.#reach = this.#space.value(keys.at(-1) ?? '') - this.#space.value(keys[0] ?? '')
  }

  /** Begins other runs where that may be worth it. */
  #guess(): void {
    while (this.#underWay.size < parallel && this.#guesses < this.#allowed()) {
      const split = this.#beyond() ?? this.#between()
      if (!split) return
      this.#guesses += 1
      const [run, at] = split
      const next = new Run(this.#prefix, at, run.through)
      run.through = at
      this.#runs.splice(this.#runs.indexOf(run) + 1, 0, next)
      this.#start(next)
    }
  }

  #allowed(): number {
    return Math.min(
      Math.floor(this.#pages / firstPagesPerGuess),
      Math.max(fewGuesses, Math.floor(this.#pages / pagesPerGuess)),
    )
  }

  /** A key beyond all that is known, while the end is not. */
  #beyond(): readonly [Run, at: string] | undefined {
    const run = this.#runs.at(-1)
    if (!run || run.isDone || run.last === undefined || !this.#space) return undefined
    const at = this.#space.key(this.#space.value(run.last) + this.#ahead * this.#reach)
    this.#ahead *= stride
    return at !== undefined && compareKeys(at, run.last) > 0 ? [run, at] : undefined
  }

  /** The middle of what may be the most. */
  #between(): readonly [Run, at: string] | undefined {
    const space = this.#space
    if (!space || this.#reach === 0n) return undefined
    let best: { run: Run; from: bigint; left: bigint } | undefined
    for (const run of this.#runs) {
      const from = run.last ?? run.after
      if (run.isDone || run.through === undefined || from === undefined) continue
      const left = space.value(run.through) - space.value(from)
      if (left >= worthHalving * this.#reach && left > (best?.left ?? 0n)) best = { run, from: space.value(from), left }
    }
    const at = best && space.key(best.from + best.left / 2n)
    if (!best || at === undefined) return undefined
    const { run } = best
    const isBetween = compareKeys(at, run.last ?? run.after ?? '') > 0 && compareKeys(at, run.through ?? at) < 0
    return isBetween ? [run, at] : undefined
  }

  #below(key: Key): string {
    return key.slice(this.#prefix.length)
  }
}
