/** Keys below a prefix → folders and files with the names they are shown under; nothing is kept beside the sorted keys. */
import type { Key, Milliseconds, Name, Prefix } from '../units.js'
import type { ObjectInfo } from '../s3/store.js'
import { KeyFolders, type Folder } from './key-folders.js'
import { KeyIndex } from './key-index.js'
import { afterFolder, compareKeys } from '../s3/key-order.js'
import type { Entry, FileEntry, ListedFolder, FolderEntry, ObjectRun, ViewTree } from './listing.js'

export interface TreeTimes {
  readonly listedAt: Milliseconds
  readonly completeAt: Milliseconds
  /** It has some path, and may lack others. */
  readonly isPart?: boolean
  /** An object that is called just as its root is, as some tools make one, is not in it. */
  readonly isBelowRoot?: boolean
}

export class IndexTree implements ViewTree {
  readonly index: KeyIndex
  readonly listedAt: Milliseconds
  readonly completeAt: Milliseconds
  readonly isPart: boolean
  readonly #folders: KeyFolders
  readonly #root: Folder
  readonly #content: (() => object) | undefined

  /**
   * @param below the raw path of the folder that is the root, ending in `/`; empty: all of the index
   * @param content what stands for what is in it, where that is not the index
   */
  constructor(
    index: KeyIndex,
    { listedAt, completeAt, isPart = false, isBelowRoot = false }: TreeTimes,
    below = '',
    content?: () => object,
  ) {
    this.index = index
    this.listedAt = listedAt
    this.completeAt = completeAt
    this.isPart = isPart
    this.#folders = new KeyFolders(index)
    this.#root = { path: below, ...this.#range(below, isBelowRoot) }
    this.#content = content
  }

  /** The raw path of its root in the index. */
  get path(): string {
    return this.#root.path
  }

  /** The objects of one prefix alone, where they are a range of what was listed with others. */
  own(prefix: Prefix): KeyIndex {
    return this.index.prefix === prefix ? this.index : KeyIndex.of(prefix, this.objects())
  }

  get size(): number {
    return this.#root.to - this.#root.from
  }

  get content(): object {
    return this.#content?.() ?? this.index
  }

  lookup(names: readonly Name[]): Entry | undefined {
    const name = names.at(-1)
    if (name === undefined) return this.#folderEntry('' as Name, this.#root)
    const parent = this.#folders.at(this.#root, names.slice(0, -1))
    if (!parent) return undefined
    const folder = this.#folders.subfolder(parent, name)
    if (folder) return this.#folderEntry(name, folder)
    const position = this.#folders.file(parent, name)
    return position === undefined ? undefined : this.#fileEntry(name, position)
  }

  readdir(names: readonly Name[]): Iterable<Entry> | undefined {
    const folder = this.#folders.at(this.#root, names)
    return folder && this.#entriesOf(folder)
  }

  *foldersAfter(names: readonly Name[]): Generator<ListedFolder, undefined> {
    const parent = this.#folders.at(this.#root, names.slice(0, -1))
    const first =
      parent && names.length > 0 && !this.isPart ? this.#folders.subfolder(parent, names.at(-1) as Name) : undefined
    if (!parent || !first) return
    for (const child of this.#folders.children({ ...parent, from: first.to })) {
      if (child.kind === 'file') continue
      const folder = { path: `${parent.path}${child.segment}/`, from: child.position, to: child.next }
      yield { name: this.#folders.nameOf(parent, child), entries: this.#entriesOf(folder) }
    }
  }

  *after(names: readonly Name[]): Generator<ObjectInfo, undefined> {
    const parent = this.#folders.at(this.#root, names.slice(0, -1))
    const position = parent && this.#folders.file(parent, names.at(-1) ?? ('' as Name))
    if (position !== undefined) yield* this.index.objects(position + 1, this.#root.to)
  }

  objects(): Iterable<ObjectInfo> {
    return this.index.objects(this.#root.from, this.#root.to)
  }

  runs(): Iterable<ObjectRun> {
    return this.index.runs(this.#root.from, this.#root.to, this.#root.path.length)
  }

  recent(since: Milliseconds): Iterable<ObjectInfo> {
    return this.index.recent(since, this.#root.from, this.#root.to)
  }

  recentNamed(name: string, since: Milliseconds): Iterable<ObjectInfo> {
    return this.index.recentNamed(name, since, this.#root.from, this.#root.to)
  }

  has(key: Key): boolean {
    return this.object(key) !== undefined
  }

  object(key: Key): ObjectInfo | undefined {
    const { prefix } = this.index
    const position = key.startsWith(prefix + this.#root.path) ? this.index.find(key.slice(prefix.length)) : undefined
    return position === undefined ? undefined : this.index.object(position)
  }

  below(path: string): IndexTree {
    return new IndexTree(this.index, this, this.#root.path + path)
  }

  grouped(
    groupOf: (segments: readonly string[], object: ObjectInfo) => string | undefined,
  ): ReadonlyMap<string, IndexTree> {
    const { prefix } = this.index
    const cut = prefix.length + this.#root.path.length
    const groups = new Map<string, ObjectInfo[]>()
    for (const object of this.objects()) {
      const group = groupOf(object.key.slice(cut).split('/'), object)
      const objects = group === undefined ? undefined : groups.get(group)
      if (objects) objects.push(object)
      else if (group !== undefined) groups.set(group, [object])
    }
    const treeOf = (objects: readonly ObjectInfo[]) =>
      new IndexTree(KeyIndex.of(prefix, objects), this, this.#root.path)
    return new Map([...groups].map(([group, objects]) => [group, treeOf(objects)]))
  }

  foundWith(times: TreeTimes): IndexTree {
    return new IndexTree(this.index, times, this.#root.path, this.#content)
  }

  #range(path: string, isBelow: boolean): { from: number; to: number } {
    if (path === '') return { from: 0, to: this.index.size }
    const from = isBelow ? this.index.upperBound(path) : this.index.lowerBound(path)
    return { from, to: this.index.lowerBound(afterFolder(path)) }
  }

  #entriesOf(folder: Folder): Iterable<Entry> {
    if (this.#folders.isInOrder(folder)) return { [Symbol.iterator]: () => this.#entries(folder) }
    return [...this.#entries(folder)].sort((a, b) => compareKeys(a.name, b.name))
  }

  *#entries(folder: Folder): Generator<Entry, undefined> {
    for (const child of this.#folders.children(folder)) {
      const name = this.#folders.nameOf(folder, child)
      if (child.kind === 'file') yield this.#fileEntry(name, child.position)
      else yield { kind: 'folder', name, mtime: this.index.newest(child.position, child.next) }
    }
  }

  #folderEntry(name: Name, { from, to }: Folder): FolderEntry {
    return { kind: 'folder', name, mtime: this.index.newest(from, to) }
  }

  #fileEntry(name: Name, position: number): FileEntry {
    const { key, size, mtime, etag } = this.index.object(position) ?? missing(position)
    return { kind: 'file', name, key, size, mtime, etag }
  }
}

function missing(position: number): never {
  throw new RangeError(`no object at ${position}`)
}
