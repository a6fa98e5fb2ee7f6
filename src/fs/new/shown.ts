/** What new/ shows of an inbox: its files but for those that were taken, under the names that they have. Pure. */
import type { NewMovedPolicy } from '../../config.js'
import { isHiddenName } from '../../hidden-name.js'
import { idWords } from '../../taking/file-id.js'
import type { Marks, NewPath } from '../../taking/marks.js'
import type { FlatInbox } from './flat-inbox.js'

/** A file of the inbox, and the name that it is shown by in a folder. */
export interface ShownFile {
  readonly position: number
  readonly name: string
}

export interface NewCounts {
  readonly waiting: number
  readonly taken: number
}

const otherNames = /~[0-9a-f]{16}(\.[^.]*)?$/

export class Shown {
  readonly #inbox: FlatInbox
  readonly #marks: Marks

  constructor(inbox: FlatInbox, marks: Marks) {
    this.#inbox = inbox
    this.#marks = marks
  }

  /** The file of the inbox at a path. */
  at(path: NewPath): number | undefined {
    const claimed = this.#claimed(path)
    if (claimed !== undefined) return claimed
    if (path.includes('/')) return undefined
    const position = this.#inbox.withName(path)
    if (position !== undefined) return this.#hasOwnName(position) && !this.#isUsed(path) ? position : undefined
    return otherNames.test(path) ? this.#withOtherName(path) : undefined
  }

  /** The name that it has when it is given no other. */
  ownName(position: number): string {
    const name = this.#inbox.name(position)
    return this.#isUsed(name) ? this.#inbox.otherName(position) : name
  }

  /** Whether it has that name by itself, or was given it: and not for as long as something else has its own. */
  isOwn(position: number, name: string): boolean {
    const { files, folders, claims } = this.#marks
    if (files.size + folders.size + claims.size === 0) return true
    return this.#inbox.name(position) === name || this.#marks.nameOf(this.#inbox.id(position)) === name
  }

  /** What is in a folder: in new/ itself in the order of keys, which is about that of arrival. */
  *in(folder: NewPath): Generator<ShownFile, undefined> {
    if (folder === '') yield* this.#withOwnNames()
    const before = folder === '' ? '' : `${folder}/`
    for (const [path, id] of this.#marks.claims) {
      if (!path.startsWith(before) || path.includes('/', before.length) || isHiddenName(path)) continue
      const position = this.#inbox.withId(id)
      if (position !== undefined) yield { position, name: path.slice(before.length) }
    }
  }

  /** Positions of those that are after another in new/ itself: for who reads them in order. */
  *after(position: number): Generator<number, undefined> {
    for (let next = position + 1; next < this.#inbox.size; next += 1) if (this.#hasOwnName(next)) yield next
  }

  /** Positions of all that were not taken. */
  *waiting(moved: NewMovedPolicy): Generator<number, undefined> {
    for (let position = 0; position < this.#inbox.size; position += 1) {
      if (this.#hasOwnName(position)) yield position
    }
    for (const [path, id] of this.#marks.claims) {
      const position = this.#inbox.withId(id)
      const isTaken = (moved === 'taken' && path.includes('/')) || isHiddenName(path)
      if (position !== undefined && !isTaken) yield position
    }
  }

  counts(moved: NewMovedPolicy): NewCounts {
    let [waiting, files] = [0, 0]
    for (const it of this.waiting(moved)) waiting += it < 0 ? 0 : 1
    for (let position = 0; position < this.#inbox.size; position += 1) if (this.#inbox.isFile(position)) files += 1
    return { waiting, taken: files - waiting }
  }

  *#withOwnNames(): Generator<ShownFile, undefined> {
    for (let position = 0; position < this.#inbox.size; position += 1) {
      if (this.#hasOwnName(position)) yield { position, name: this.ownName(position) }
    }
  }

  /** It was not taken, and was given no other name. */
  #hasOwnName(position: number): boolean {
    const [inbox, marks, at] = [this.#inbox, this.#marks, position * idWords]
    if (!inbox.isFile(position) || marks.taken.has(inbox.ids, at) || marks.named.has(inbox.ids, at)) return false
    return marks.from === 0 || inbox.object(position).mtime >= marks.from
  }

  /** Something else has that name. */
  #isUsed(path: NewPath): boolean {
    const { files, folders, claims } = this.#marks
    if (files.size + folders.size + claims.size === 0) return false
    return files.has(path) || folders.has(path) || this.#claimed(path) !== undefined
  }

  /** What was given that name; of what the bucket does not show now nobody need make way. */
  #claimed(path: NewPath): number | undefined {
    const id = this.#marks.claims.get(path)
    return id === undefined ? undefined : this.#inbox.withId(id)
  }

  #withOtherName(path: NewPath): number | undefined {
    const { files, folders, claims } = this.#marks
    for (const names of [files.keys(), folders, claims.keys()]) {
      for (const name of names) {
        const position = name.includes('/') ? undefined : this.#inbox.withName(name)
        if (position === undefined || this.#inbox.otherName(position) !== path) continue
        if (this.#hasOwnName(position) && this.#isUsed(name)) return position
      }
    }
    return undefined
  }
}
