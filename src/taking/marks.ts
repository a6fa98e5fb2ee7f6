/** What is known of one partner's new/: what was taken, what has another name, and what programs made in it. In memory. */
import type { EpochMs } from '../units.js'
import { readId, writeId, idWords, type FileId } from './file-id.js'
import { IdSet } from './id-set.js'

/** A path within new/: names with `/` between them. */
export type NewPath = string

/** The number of what a program has made: it may have several names. */
export type MadeNumber = number

/** What a mode is remembered of: a file of the inbox, or one that was made, `#7`. */
export type ModeOwner = FileId | `#${MadeNumber}`

export class Marks {
  readonly taken = new IdSet()
  /** What the bucket has from before that counts as taken. */
  from: EpochMs = 0
  /** Folders that were made. */
  readonly folders = new Set<NewPath>()
  /** Files that were made. */
  readonly files = new Map<NewPath, MadeNumber>()
  readonly modes = new Map<ModeOwner, number>()
  readonly #names = new Map<FileId, NewPath>()
  readonly #claims = new Map<NewPath, FileId>()
  #named: IdSet | undefined
  readonly #id = new Uint32Array(idWords)

  /** Files of the inbox that have another name: which. */
  get claims(): ReadonlyMap<NewPath, FileId> {
    return this.#claims
  }

  /** Another name than its own, which it has been given. */
  nameOf(id: FileId): NewPath | undefined {
    return this.#names.get(id)
  }

  /** Those that have another name, for who asks for many. */
  get named(): IdSet {
    if (!this.#named) {
      this.#named = new IdSet()
      for (const id of this.#names.keys()) this.#named.add(writeId(id, this.#id))
    }
    return this.#named
  }

  take(id: FileId): void {
    this.taken.add(writeId(id, this.#id))
    this.unname(id)
    this.modes.delete(id)
  }

  /** @param ids `idWords` each */
  takeAll(ids: Uint32Array): void {
    const isMore = this.#names.size + this.modes.size > 0
    for (let at = 0; at < ids.length; at += idWords) {
      if (isMore) this.take(readId(ids, at))
      else this.taken.add(ids, at)
    }
  }

  /** Instead of the name that it has; what was made under that goes. */
  name(id: FileId, path: NewPath): void {
    this.unname(id)
    this.#free(path)
    this.#names.set(id, path)
    this.#claims.set(path, id)
    this.#named?.add(writeId(id, this.#id))
  }

  /** A name of what a program made; what had it before goes. */
  link(file: MadeNumber, path: NewPath): void {
    this.#free(path)
    this.files.set(path, file)
  }

  mkdir(path: NewPath): void {
    this.#free(path)
    this.folders.add(path)
  }

  unlink(path: NewPath): void {
    const file = this.files.get(path)
    this.files.delete(path)
    if (file !== undefined && this.linksOf(file) === 0) this.modes.delete(`#${file}`)
  }

  /** A file of the inbox that had it is not there now: should it come back, it has its own name again. */
  #free(path: NewPath): void {
    this.unlink(path)
    const id = this.#claims.get(path)
    if (id !== undefined) this.unname(id)
  }

  /** It has its own name again. */
  unname(id: FileId): void {
    const path = this.#names.get(id)
    if (path === undefined) return
    this.#names.delete(id)
    this.#claims.delete(path)
    this.#named = undefined
  }

  /** Nothing is remembered of these any longer. */
  forget(ids: readonly FileId[]): void {
    const gone = new IdSet()
    for (const id of ids) {
      gone.add(writeId(id, this.#id))
      this.unname(id)
      this.modes.delete(id)
    }
    this.taken.filter((all, at) => !gone.has(all, at))
  }

  /** All of the inbox is shown again, under its own names. */
  reset(): void {
    this.from = 0
    this.taken.clear()
    this.#names.clear()
    this.#claims.clear()
    this.#named = undefined
    for (const owner of this.modes.keys()) if (!owner.startsWith('#')) this.modes.delete(owner)
  }

  /** A folder that was made, with all that is in it. */
  move(from: NewPath, to: NewPath): void {
    const moved = (path: NewPath): NewPath | undefined =>
      path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : undefined
    for (const path of [...this.folders])
      replace(
        moved(path),
        () => this.folders.delete(path),
        (it) => this.mkdir(it),
      )
    for (const [path, file] of [...this.files]) {
      replace(
        moved(path),
        () => this.files.delete(path),
        (it) => this.link(file, it),
      )
    }
    for (const [path, id] of [...this.#claims])
      replace(
        moved(path),
        () => this.unname(id),
        (it) => this.name(id, it),
      )
  }

  /** Whether anything is in a folder that was made, whether the bucket has it yet or not. */
  isIn(folder: NewPath): boolean {
    const within = `${folder}/`
    for (const paths of [this.folders, this.files.keys(), this.#claims.keys()]) {
      for (const path of paths) if (path.startsWith(within)) return true
    }
    return false
  }

  /** How many names a file has that was made. */
  linksOf(file: MadeNumber): number {
    let links = 0
    for (const it of this.files.values()) if (it === file) links += 1
    return links
  }

  /** Of all that anything is remembered of. */
  forEachId(visit: (ids: Uint32Array, at: number) => void): void {
    this.taken.forEach(visit)
    const id = new Uint32Array(idWords)
    for (const it of this.#names.keys()) visit(writeId(it, id), 0)
    for (const it of this.modes.keys())
      if (!it.startsWith('#') && !this.#names.has(it as FileId)) visit(writeId(it, id), 0)
  }
}

function replace(to: NewPath | undefined, remove: () => void, add: (to: NewPath) => void): void {
  if (to === undefined) return
  remove()
  add(to)
}
