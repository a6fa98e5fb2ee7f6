/**
 * Which marks are of files that the bucket holds no longer. One full listing may lack what is there: they are forgotten when all that
 * were made for a while have lacked them.
 */
import type { Milliseconds } from '../units.js'
import { readId, type FileId } from './file-id.js'
import { IdSet } from './id-set.js'
import type { Marks } from './marks.js'

interface Missing {
  /** The last full listing that was looked at. */
  at: Milliseconds
  /** Those that all full listings have lacked since then. */
  since: Milliseconds
  ids: IdSet
}

export class Forgetting {
  readonly #patience: Milliseconds
  readonly #missing = new WeakMap<Marks, Missing>()

  /** @param patience between the first and the last full listing that lacks a file */
  constructor(patience: Milliseconds) {
    this.#patience = patience
  }

  /**
   * @param has whether a full listing that was begun at that time has a file
   * @returns what may be forgotten
   */
  look(marks: Marks, completeAt: Milliseconds, has: (ids: Uint32Array, at: number) => boolean): readonly FileId[] {
    const before = this.#missing.get(marks)
    if (before && completeAt <= before.at) return []
    const now = new IdSet()
    marks.forEachId((ids, at) => {
      if (!has(ids, at)) now.add(ids, at)
    })
    const still = new IdSet()
    now.forEach((ids, at) => {
      if (before?.ids.has(ids, at)) still.add(ids, at)
    })
    if (!before || still.size === 0) {
      this.#missing.set(marks, { at: completeAt, since: completeAt, ids: now })
      return []
    }
    if (completeAt - before.since < this.#patience) {
      this.#missing.set(marks, { at: completeAt, since: before.since, ids: still })
      return []
    }
    this.#missing.set(marks, { at: completeAt, since: completeAt, ids: now })
    const gone: FileId[] = []
    still.forEach((ids, at) => gone.push(readId(ids, at)))
    return gone
  }
}
