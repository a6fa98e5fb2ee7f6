/** The files after one, in the order in which a program comes by them that walks through the folders of a view. */
import type { Entry, KeyTree } from '../listing/listing.js'
import { compareNames } from '../listing/key-tree.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Name } from '../units.js'

/**
 * Lazy: what is not asked for is not looked at.
 * @param names of a file of the tree
 */
export function* successors(tree: KeyTree, names: readonly Name[]): Generator<ObjectInfo, undefined> {
  for (let depth = names.length - 1; depth >= 0; depth -= 1) {
    const folder = names.slice(0, depth)
    const name = names[depth]
    const entries = tree.readdir(folder)
    if (!entries || name === undefined) return
    yield* filesFrom(tree, folder, entries, indexOf(entries, name) + 1)
  }
}

function* filesFrom(
  tree: KeyTree,
  folder: readonly Name[],
  entries: readonly Entry[],
  first: number,
): Generator<ObjectInfo, undefined> {
  for (let i = first; i < entries.length; i += 1) {
    const entry = entries[i]
    if (entry?.kind === 'file') yield entry
    if (entry?.kind !== 'folder') continue
    const inner = [...folder, entry.name]
    yield* filesFrom(tree, inner, tree.readdir(inner) ?? [], 0)
  }
}

/** Entries are in order, so it is halved; two trees shown as one are not. The end if it is nowhere. */
function indexOf(entries: readonly Entry[], name: Name): number {
  let [low, high] = [0, entries.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const order = compareNames(entries[middle]?.name ?? '', name)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  const index = entries.findIndex((it) => it.name === name)
  return index < 0 ? entries.length : index
}
