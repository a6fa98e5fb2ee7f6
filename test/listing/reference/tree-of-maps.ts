/** What the tree of a listing must be like, by another way: folders as maps, built one key after the other. */
import { compareKeys } from '../../../src/s3/key-order.js'
import type { EpochMs, Name, Prefix } from '../../../src/units.js'
import type { ObjectInfo } from '../../../src/s3/store.js'
import { encodeName, encodeObjectName } from '../../../src/view/names.js'
import type { Entry, FolderEntry } from '../../../src/listing/listing.js'

/** @param objects all below `prefix`, in key order */
export function treeOfMaps(prefix: Prefix, objects: readonly ObjectInfo[]): FolderTree {
  const root = new Folder('' as Name)
  for (const object of objects) root.insert(object, object.key.slice(prefix.length).split('/'))
  return new FolderTree(root)
}

class Folder {
  readonly name: Name
  mtime: EpochMs = 0
  /** By raw segment: folders and objects may share one. */
  readonly #folders = new Map<string, Folder>()
  readonly #objects = new Map<string, ObjectInfo>()
  /** By name, in the order of names; made at the first look. */
  #entries: Map<Name, Entry> | undefined

  constructor(name: Name) {
    this.name = name
  }

  insert(object: ObjectInfo, segments: readonly string[]): void {
    this.#touch(object.mtime)
    const [first = '', ...rest] = segments
    if (rest.length > 0) this.#subfolder(first).insert(object, rest)
    // `name/` of size 0 is a folder marker: the folder is there now, and the marker is no file.
    else if (first !== '' || object.size > 0) this.#objects.set(first, object)
  }

  find(names: readonly Name[]): Folder | undefined {
    const [first, ...rest] = names
    return first === undefined ? this : this.child(first)?.find(rest)
  }

  child(name: Name): Folder | undefined {
    const plain = this.#folders.get(name)
    if (plain?.name === name) return plain
    // Only an escaped or cut name differs from its segment.
    if (!/[%~]/.test(name)) return undefined
    for (const folder of this.#folders.values()) if (folder.name === name) return folder
    return undefined
  }

  get entries(): Map<Name, Entry> {
    return (this.#entries ??= this.#makeEntries())
  }

  #touch(mtime: EpochMs): void {
    if (mtime > this.mtime) this.mtime = mtime
  }

  #subfolder(segment: string): Folder {
    let folder = this.#folders.get(segment)
    if (!folder) this.#folders.set(segment, (folder = new Folder(encodeName(segment))))
    return folder
  }

  #makeEntries(): Map<Name, Entry> {
    const entries: Entry[] = []
    for (const { name, mtime } of this.#folders.values()) entries.push({ kind: 'folder', name, mtime })
    for (const [segment, object] of this.#objects) {
      entries.push({
        kind: 'file',
        name: encodeObjectName(segment, { collides: this.#folders.has(segment) }),
        ...object,
      })
    }
    entries.sort((a, b) => compareKeys(a.name, b.name))
    return new Map(entries.map((entry) => [entry.name, entry]))
  }
}

class FolderTree {
  readonly #root: Folder

  constructor(root: Folder) {
    this.#root = root
  }

  lookup(names: readonly Name[]): Entry | undefined {
    const name = names.at(-1)
    if (name === undefined) return rootEntry(this.#root)
    return this.#root.find(names.slice(0, -1))?.entries.get(name)
  }

  readdir(names: readonly Name[]): readonly Entry[] | undefined {
    const folder = this.#root.find(names)
    return folder && [...folder.entries.values()]
  }
}

function rootEntry(root: Folder): FolderEntry {
  return { kind: 'folder', name: root.name, mtime: root.mtime }
}
