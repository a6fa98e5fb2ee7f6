/**
 * Listings of a common prefix, of which views are ranges: who goes from partner to partner is answered by LISTs that go on
 * from one view into the next, and go ahead of him. A view that takes pages of its own is left to its own listing.
 */
import type { ObjectInfo, Store } from '../../s3/store.js'
import { isDenied } from '../../s3/store-error.js'
import { afterFolder, compareKeys, firstWhere } from '../../s3/key-order.js'
import type { Clock, Timers } from '../../telemetry/clock.js'
import type { Milliseconds } from '../../units.js'
import { ForgottenKeys } from '../forgotten-keys.js'
import type { IndexTree } from '../key-tree.js'
import type { ListingMeter } from '../listing-meter.js'
import { pageLength } from '../look-back.js'
import { Coverage, type FoundFolders } from './coverage.js'
import { LargeViews, type FirstPage } from './large-views.js'
import { partnerOf, stationOf, type CommonPrefix } from './places.js'
import { furtherStarts, type KnownKeys } from './plan.js'
import { Sweep } from './sweep.js'
import { SweptPages } from './swept-pages.js'
import { Walks } from './walk.js'

export interface SweepsOptions {
  readonly common: CommonPrefix
  readonly store: Store
  /** Told of each LIST. */
  readonly meter: ListingMeter
  readonly ttl: Milliseconds
  /** How long one LIST may take. */
  readonly deadline: Milliseconds
  /** Raw names of the folders at a path below the common prefix, in key order, as far as they are known. */
  readonly foldersAt: (path: string) => readonly string[]
  /** What was shown of some view is another from now on. */
  readonly onChange: () => void
  readonly clock: Clock
  readonly timers: Timers
}

/** What is so old, in ttls, is listed again ahead of who walks: it would be too old when he comes there. */
const nearlyOld = 0.9
/** So many pages of another's sweep one waits for, as far as is known, before asking for one of one's own. */
const mostWaits = 8

export class Sweeps {
  readonly #options: SweepsOptions
  readonly #coverage: Coverage
  readonly #walks: Walks
  readonly #large = new LargeViews()
  readonly #forgotten: ForgottenKeys
  readonly #pages: SweptPages
  readonly #underWay = new Set<Sweep>()
  lastLook: Milliseconds

  constructor(options: SweepsOptions) {
    const { common, store, meter, clock, timers, deadline, onChange } = options
    this.#options = options
    this.#coverage = new Coverage(common.prefix)
    this.#walks = new Walks(options.ttl)
    this.#forgotten = new ForgottenKeys(clock, deadline)
    const walks = this.#walks
    const facts = {
      wants: (view: string) => walks.wants(view),
      expectedFrom: (key: string) => walks.expectedFrom(key),
      onAnswer: () => walks.noteList(),
    }
    const [coverage, large, forgotten] = [this.#coverage, this.#large, this.#forgotten]
    this.#pages = new SweptPages({
      ...{ common, store, meter, coverage, large, forgotten, deadline, ...facts, onChange, clock, timers },
    })
    this.lastLook = clock.monotonic()
  }

  /** For `status`: how many objects are known, and when the last of them were listed. */
  get known(): { readonly objects: number; readonly listedAt: Milliseconds | undefined } {
    return { objects: this.#coverage.size, listedAt: this.#coverage.newestAt }
  }

  /**
   * Somebody looks at a view, or at the whole of a partner.
   * @param isKnown it is answered without a LIST
   * @param isSpared by what was listed with others
   */
  look(path: string, isKnown: boolean, isSpared: boolean): void {
    this.lastLook = this.#options.clock.monotonic()
    this.#walks.look(path, isKnown, this.#coverage.pageOf(path), this.lastLook)
    if (isSpared) this.#walks.noteSpared(path)
    if (isKnown) this.#goAhead(path)
  }

  /** A view as it was found last, however long ago. */
  tree(view: string): IndexTree | undefined {
    return this.#coverage.tree(view)
  }

  folders(path: string): FoundFolders | undefined {
    return this.#coverage.folders(path)
  }

  /**
   * Lists a view together with others, if somebody goes from partner to partner.
   * @returns its first page where it takes more; undefined: it is to be listed by itself
   * @throws FsError of the LIST
   */
  async list(view: string): Promise<IndexTree | FirstPage | undefined> {
    if (this.#large.has(view)) return undefined
    const since = this.#options.clock.monotonic() - this.#options.ttl
    return this.#brought(view, () => {
      const tree = this.#coverage.tree(view)
      return tree && tree.listedAt >= since ? tree : this.#large.takeFirstPage(view)
    })
  }

  /** The same of the folders of a partner. @throws FsError of the LIST */
  async listFolders(path: string): Promise<FoundFolders | undefined> {
    const since = this.#options.clock.monotonic() - this.#options.ttl
    return this.#brought(path, () => {
      const found = this.#coverage.folders(path)
      return found && found.at >= since ? found : undefined
    })
  }

  /** A view was listed by itself, and holds so many objects. */
  noteSize(view: string, size: number): void {
    this.#large.note(view, size)
  }

  /** An object is not there. */
  forget(key: string): void {
    this.#forgotten.add(key)
    this.#coverage.forget(key)
  }

  /** A look at one object has found it to be this one. */
  replace(key: string, object: ObjectInfo): void {
    this.#coverage.replace(key, object)
  }

  /** @param found asks for it, before and after each page that may have brought it */
  async #brought<T>(path: string, found: () => T | undefined): Promise<T | undefined> {
    let own: Sweep | undefined
    for (let waits = 0; ; waits += 1) {
      const result = found()
      if (result !== undefined) {
        this.#walks.noteSpared(path)
        this.#goAhead(path)
        return result
      }
      const { ahead } = this.#walks
      if (own || ahead === undefined) return undefined
      const other = this.#comingTo(path, mostWaits - waits)
      const sweep = other ?? (own = this.#begin(path, { after: path, until: undefined, further: 0 }))
      await (own ? own.ended : sweep?.page)
      if (!sweep || isDenied(sweep.failure)) return undefined
      if (sweep.failure) throw sweep.failure
    }
  }

  /** A sweep that will have come to a path, or to what of it is still to be listed, in so many pages. */
  #comingTo(path: string, pages: number): Sweep | undefined {
    const { clock, ttl } = this.#options
    const listed = this.#coverage.frontier(path, clock.monotonic() - ttl)?.after ?? path
    // A view that was gone past is listed from its beginning.
    const missing = compareKeys(listed, afterFolder(path)) < 0 ? listed : path
    const isNear = (sweep: Sweep): boolean =>
      sweep.mayBring(missing) && this.#coverage.count(sweep.after, missing) < pages * pageLength
    return [...this.#underWay].find(isNear)
  }

  /** Lists what comes next for who walks, where it is not known yet. */
  #goAhead(path: string): void {
    const { ahead = 0 } = this.#walks
    const scope = ahead === 0 || this.#underWay.size > 0 ? undefined : this.#scope(path)
    if (scope === undefined) return
    const unknown = this.#pages.unknown(scope, path, this.#nearlyOld())
    if (!unknown || unknown.parts >= ahead) return
    const first = unknown.after
    const pages = ahead - unknown.parts
    const starts = [first, ...this.#expected(furtherStarts(this.#keysBehind(path, first, scope), pages), first)]
    const further = Math.ceil(pages / starts.length) - 1
    starts.forEach((after, i) => this.#begin(path, { after, until: starts[i + 1], further }))
  }

  /** Of places where sweeps may begin, those from which on something is expected, in order. */
  #expected(starts: readonly string[], first: string): readonly string[] {
    const expected: string[] = []
    for (const start of starts) {
      const from = this.#walks.expectedFrom(start)
      if (from !== undefined && compareKeys(expected.at(-1) ?? first, from) < 0) expected.push(from)
    }
    return expected
  }

  /** @returns undefined where what is common to those who walk may not be listed */
  #begin(
    path: string,
    range: { readonly after: string; readonly until: string | undefined; readonly further: number },
  ): Sweep | undefined {
    const scope = this.#scope(path)
    if (scope === undefined) return undefined
    const step = (after: string) => this.#pages.list(scope, after, path, this.#nearlyOld())
    const sweep: Sweep = new Sweep({ ...range, step, onEnd: () => this.#underWay.delete(sweep) })
    this.#underWay.add(sweep)
    sweep.start()
    return sweep
  }

  #scope(path: string): string | undefined {
    return this.#pages.scope(path, this.#walks.isOverStations)
  }

  #nearlyOld(): Milliseconds {
    return this.#options.clock.monotonic() - nearlyOld * this.#options.ttl
  }

  /** What is known of the keys behind one: by what was listed there before, else by how much the partners before it have. */
  #keysBehind(path: string, after: string, scope: string): KnownKeys {
    const coverage = this.#coverage
    const count = coverage.count(after, scope === '' ? undefined : afterFolder(scope))
    if (count >= pageLength) return { count, keyAfter: (keys) => coverage.keyAfter(after, keys) }
    const station = stationOf(path) ?? ''
    const partners = this.#options.foldersAt(station).map((it) => `${station}${it}/`)
    const placeOf = (key: string): number =>
      firstWhere(0, partners.length, (i) => compareKeys(partners[i] ?? '', key) > 0)
    const [from, to] = [placeOf(partnerOf(path) ?? path), placeOf(after)]
    const each = coverage.count(path, after) / Math.max(1, to - from)
    return {
      count: each * (partners.length - to),
      keyAfter: (keys) => (each > 0 ? partners[to + Math.ceil(keys / each)] : undefined),
    }
  }
}
