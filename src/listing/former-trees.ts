/** Trees that were shown until a moment ago: what the kernel was told of their objects it still believes. */
import type { ObjectInfo } from '../s3/store.js'
import type { Milliseconds } from '../units.js'
import type { KeyIndex } from './key-index.js'

/** `attr_timeout`, and a little more. @see fuse/mount-options.ts */
const believedFor: Milliseconds = 1_100

export class FormerTrees {
  /** Most of an index is its successor's too, so this holds little. */
  readonly #indexes = new Set<KeyIndex>()

  add(index: KeyIndex): void {
    this.#indexes.add(index)
    setTimeout(() => this.#indexes.delete(index), believedFor).unref()
  }

  /** Whether one of them had another object of that key. */
  hadOther(object: ObjectInfo): boolean {
    for (const index of this.#indexes) if (differs(index, object)) return true
    return false
  }
}

function differs(index: KeyIndex, { key, size, mtime, etag }: ObjectInfo): boolean {
  const position = key.startsWith(index.prefix) ? index.find(key.slice(index.prefix.length)) : undefined
  const former = position === undefined ? undefined : index.object(position)
  return former !== undefined && (former.size !== size || former.mtime !== mtime || former.etag !== etag)
}
