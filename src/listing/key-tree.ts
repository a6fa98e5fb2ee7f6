/** Keys below a prefix → folders and files with the names they are shown under; nothing is kept beside the sorted keys. */
import type { Key, Milliseconds, Name } from '../units.js'
import type { ObjectInfo } from '../s3/store.js'
import { cutEndingOf, decodeName, encodeName, encodeObjectName } from '../view/names.js'
import { KeyIndex } from './key-index.js'
import { afterFolder, compareKeys } from '../s3/key-order.js'
import type { Entry, FileEntry, ListedFolder, FolderEntry, ObjectRun, ViewTree } from './listing.js'

export interface TreeTimes {
  readonly listedAt: Milliseconds
  readonly completeAt: Milliseconds
  /** It has some path, and may lack others. */
  readonly isPart?: boolean
}

/** A run of positions in the index: what a folder holds, whose raw path ends in `/` or is empty. */
interface Folder {
  readonly path: string
  readonly from: number
  readonly to: number
}

/** What begins at a position: an object, or all that one folder holds. */
type Child =
  | { readonly kind: 'file'; readonly segment: string; readonly position: number; readonly next: number }
  | { readonly kind: 'folder'; readonly segment: string; readonly position: number; readonly next: number }

export class IndexTree implements ViewTree {
  readonly index: KeyIndex
  readonly listedAt: Milliseconds
  readonly completeAt: Milliseconds
  readonly isPart: boolean
  readonly #root: Folder
  readonly #content: (() => object) | undefined

  /**
   * @param below the raw path of the folder that is the root, ending in `/`; empty: all of the index
   * @param content what stands for what is in it, where that is not the index
   */
  constructor(
    index: KeyIndex,
    { listedAt, completeAt, isPart = false }: TreeTimes,
    below = '',
    content?: () => object,
  ) {
    this.index = index
    this.listedAt = listedAt
    this.completeAt = completeAt
    this.isPart = isPart
    this.#root = { path: below, ...this.#range(below) }
    this.#content = content
  }

  /** The raw path of its root in the index. */
  get path(): string {
    return this.#root.path
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
    const parent = this.#folderAt(names.slice(0, -1))
    if (!parent) return undefined
    const folder = this.#subfolder(parent, name)
    if (folder) return this.#folderEntry(name, folder)
    const position = this.#file(parent, name)
    return position === undefined ? undefined : this.#fileEntry(name, position)
  }

  readdir(names: readonly Name[]): Iterable<Entry> | undefined {
    const folder = this.#folderAt(names)
    return folder && this.#entriesOf(folder)
  }

  *foldersAfter(names: readonly Name[]): Generator<ListedFolder, undefined> {
    const parent = this.#folderAt(names.slice(0, -1))
    const first = parent && names.length > 0 && !this.isPart ? this.#subfolder(parent, names.at(-1) as Name) : undefined
    if (!parent || !first) return
    for (const child of this.#children({ ...parent, from: first.to })) {
      if (child.kind === 'file') continue
      const folder = { path: `${parent.path}${child.segment}/`, from: child.position, to: child.next }
      yield { name: this.#nameOf(parent, child), entries: this.#entriesOf(folder) }
    }
  }

  *after(names: readonly Name[]): Generator<ObjectInfo, undefined> {
    const parent = this.#folderAt(names.slice(0, -1))
    const position = parent && this.#file(parent, names.at(-1) ?? ('' as Name))
    if (position !== undefined) yield* this.index.objects(position + 1, this.#root.to)
  }

  objects(): Iterable<ObjectInfo> {
    return this.index.objects(this.#root.from, this.#root.to)
  }

  runs(): Iterable<ObjectRun> {
    return this.index.runs(this.#root.from, this.#root.to)
  }

  recent(since: Milliseconds): Iterable<ObjectInfo> {
    return this.index.recent(since, this.#root.from, this.#root.to)
  }

  has(key: Key): boolean {
    const { prefix } = this.index
    return key.startsWith(prefix) && this.index.find(key.slice(prefix.length)) !== undefined
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

  #range(path: string): { from: number; to: number } {
    if (path === '') return { from: 0, to: this.index.size }
    return { from: this.index.lowerBound(path), to: this.index.lowerBound(afterFolder(path)) }
  }

  #folderAt(names: readonly Name[]): Folder | undefined {
    let folder: Folder | undefined = this.#root
    for (const name of names) folder = folder && this.#subfolder(folder, name)
    return folder
  }

  #subfolder(parent: Folder, name: Name): Folder | undefined {
    const decoded = decodeName(name)
    if (!decoded) return this.#cutFolder(parent, name)
    return decoded.collides ? undefined : this.#folder(parent, decoded.segment)
  }

  #folder(parent: Folder, segment: string): Folder | undefined {
    const path = `${parent.path}${segment}/`
    const from = this.index.lowerBound(path)
    if (from >= parent.to || !this.index.key(from).startsWith(path)) return undefined
    return { path, from, to: this.index.endOf(path, from) }
  }

  /** Position of the object that is shown under a name, where no folder has it. */
  #file(parent: Folder, name: Name): number | undefined {
    const decoded = decodeName(name)
    if (!decoded) return this.#cutFile(parent, name)
    const { segment, collides } = decoded
    const position = this.index.find(parent.path + segment)
    if (position === undefined || this.#isMarker(segment, position)) return undefined
    return (this.#folder(parent, segment) !== undefined) === collides ? position : undefined
  }

  #cutFolder(parent: Folder, name: Name): Folder | undefined {
    const child = this.#cutChild(parent, name, 'folder')
    return child && { path: `${parent.path}${child.segment}/`, from: child.position, to: child.next }
  }

  #cutFile(parent: Folder, name: Name): number | undefined {
    return this.#cutChild(parent, name, 'file')?.position
  }

  /** Of a cut name the beginning is known, up to its first escape, and the hash that it ends in. */
  #cutChild(parent: Folder, name: Name, kind: Child['kind']): Child | undefined {
    const ending = cutEndingOf(name)
    if (ending === undefined) return undefined
    const [stem = ''] = name.slice(0, -ending.length).split('%')
    const beginning = parent.path + stem
    const from = Math.max(parent.from, this.index.lowerBound(beginning))
    if (from >= parent.to || !this.index.key(from).startsWith(beginning)) return undefined
    const to = Math.min(parent.to, this.index.endOf(beginning, from))
    for (const position of this.index.withCut(ending, from, to)) {
      const child = this.#childAt(parent, position)
      if (child?.kind === kind && this.#nameOf(parent, child) === name) return child
    }
    return undefined
  }

  /** What a key in a folder belongs to; undefined for the folder's own marker. */
  #childAt(parent: Folder, position: number): Child | undefined {
    const rest = this.index.key(position).slice(parent.path.length)
    const [segment = ''] = rest.split('/', 1)
    if (segment.length < rest.length) {
      const folder = this.#folder(parent, segment)
      return folder && { kind: 'folder', segment, position: folder.from, next: folder.to }
    }
    return this.#isMarker(rest, position) ? undefined : { kind: 'file', segment, position, next: position + 1 }
  }

  /** Files and folders in the order of keys, folder markers left out. */
  *#children(folder: Folder): Generator<Child, undefined> {
    let position = folder.from
    while (position < folder.to) {
      const rest = this.index.key(position).slice(folder.path.length)
      const slash = rest.indexOf('/')
      if (slash < 0) {
        if (!this.#isMarker(rest, position)) yield { kind: 'file', segment: rest, position, next: position + 1 }
        position += 1
      } else {
        const segment = rest.slice(0, slash)
        const next = this.index.endOf(`${folder.path}${segment}/`, position)
        yield { kind: 'folder', segment, position, next }
        position = next
      }
    }
  }

  /** `name/` of size 0 is a folder marker: the folder is there, and the marker is no file. */
  #isMarker(segment: string, position: number): boolean {
    return segment === '' && this.index.object(position)?.size === 0
  }

  #nameOf(parent: Folder, child: Child): Name {
    if (child.kind === 'folder') return encodeName(child.segment)
    return encodeObjectName(child.segment, { collides: this.#collides(parent, child) })
  }

  /** Whether a folder has an object's segment too. Between the two are only keys that begin like the object's. */
  #collides(parent: Folder, { segment, next }: Child): boolean {
    if (next >= parent.to || !this.index.key(next).startsWith(parent.path + segment)) return false
    return this.#folder(parent, segment) !== undefined
  }

  #isInOrder(folder: Folder): boolean {
    let last: string | undefined
    for (const child of this.#children(folder)) {
      const name = this.#nameOf(folder, child)
      if (last !== undefined && compareKeys(last, name) > 0) return false
      last = name
    }
    return true
  }

  #entriesOf(folder: Folder): Iterable<Entry> {
    if (this.#isInOrder(folder)) return { [Symbol.iterator]: () => this.#entries(folder) }
    return [...this.#entries(folder)].sort((a, b) => compareKeys(a.name, b.name))
  }

  *#entries(folder: Folder): Generator<Entry, undefined> {
    for (const child of this.#children(folder)) {
      const name = this.#nameOf(folder, child)
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
