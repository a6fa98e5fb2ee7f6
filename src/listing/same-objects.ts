/** Whether two trees hold the same objects, be they ranges of different indexes. */
import type { ObjectInfo } from '../s3/store.js'
import type { IndexTree } from './key-tree.js'

export function hasSameObjects(one: IndexTree, other: IndexTree): boolean {
  if (one === other || (one.index === other.index && one.path === other.path)) return true
  if (one.size !== other.size) return false
  const others = other.objects()[Symbol.iterator]()
  for (const object of one.objects()) {
    const next = others.next()
    if (next.done === true || !isSame(object, next.value)) return false
  }
  return true
}

function isSame(a: ObjectInfo, b: ObjectInfo): boolean {
  return a.key === b.key && a.size === b.size && a.mtime === b.mtime && a.etag === b.etag
}
