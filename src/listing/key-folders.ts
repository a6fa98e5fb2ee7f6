/** What the names of folders and files stand for among sorted keys: found by searching, nothing is kept beside them. */
import { compareKeys } from '../s3/key-order.js'
import type { Name } from '../units.js'
import { cutEndingOf, decodeName, encodeName, encodeObjectName } from '../view/names.js'
import type { KeyIndex } from './key-index.js'

/** A run of positions in the index: what a folder holds, whose raw path ends in `/` or is empty. */
export interface Folder {
  readonly path: string
  readonly from: number
  readonly to: number
}

/** What begins at a position: an object, or all that one folder holds. */
export type Child =
  | { readonly kind: 'file'; readonly segment: string; readonly position: number; readonly next: number }
  | { readonly kind: 'folder'; readonly segment: string; readonly position: number; readonly next: number }

export class KeyFolders {
  readonly #index: KeyIndex

  constructor(index: KeyIndex) {
    this.#index = index
  }

  /** The folder that names lead to from another. */
  at(root: Folder, names: readonly Name[]): Folder | undefined {
    let folder: Folder | undefined = root
    for (const name of names) folder = folder && this.subfolder(folder, name)
    return folder
  }

  subfolder(parent: Folder, name: Name): Folder | undefined {
    const decoded = decodeName(name)
    if (!decoded) return this.#cutFolder(parent, name)
    return decoded.collides ? undefined : this.#folder(parent, decoded.segment)
  }

  #folder(parent: Folder, segment: string): Folder | undefined {
    const path = `${parent.path}${segment}/`
    const from = this.#index.lowerBound(path)
    if (from >= parent.to || !this.#index.key(from).startsWith(path)) return undefined
    return { path, from, to: this.#index.endOf(path, from) }
  }

  /** Position of the object that is shown under a name, where no folder has it. */
  file(parent: Folder, name: Name): number | undefined {
    const decoded = decodeName(name)
    if (!decoded) return this.#cutFile(parent, name)
    const { segment, collides } = decoded
    const position = this.#index.find(parent.path + segment)
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
    const from = Math.max(parent.from, this.#index.lowerBound(beginning))
    if (from >= parent.to || !this.#index.key(from).startsWith(beginning)) return undefined
    const to = Math.min(parent.to, this.#index.endOf(beginning, from))
    for (const position of this.#index.withCut(ending, from, to)) {
      const child = this.#childAt(parent, position)
      if (child?.kind === kind && this.nameOf(parent, child) === name) return child
    }
    return undefined
  }

  /** What a key in a folder belongs to; undefined for the folder's own marker. */
  #childAt(parent: Folder, position: number): Child | undefined {
    const rest = this.#index.key(position).slice(parent.path.length)
    const [segment = ''] = rest.split('/', 1)
    if (segment.length < rest.length) {
      const folder = this.#folder(parent, segment)
      return folder && { kind: 'folder', segment, position: folder.from, next: folder.to }
    }
    return this.#isMarker(rest, position) ? undefined : { kind: 'file', segment, position, next: position + 1 }
  }

  /** Files and folders in the order of keys, folder markers left out. */
  *children(folder: Folder): Generator<Child, undefined> {
    let position = folder.from
    while (position < folder.to) {
      const rest = this.#index.key(position).slice(folder.path.length)
      const slash = rest.indexOf('/')
      if (slash < 0) {
        if (!this.#isMarker(rest, position)) yield { kind: 'file', segment: rest, position, next: position + 1 }
        position += 1
      } else {
        const segment = rest.slice(0, slash)
        const next = this.#index.endOf(`${folder.path}${segment}/`, position)
        yield { kind: 'folder', segment, position, next }
        position = next
      }
    }
  }

  /** `name/` of size 0 is a folder marker: the folder is there, and the marker is no file. */
  #isMarker(segment: string, position: number): boolean {
    return segment === '' && this.#index.object(position)?.size === 0
  }

  nameOf(parent: Folder, child: Child): Name {
    if (child.kind === 'folder') return encodeName(child.segment)
    return encodeObjectName(child.segment, { collides: this.#collides(parent, child) })
  }

  /** Whether a folder has an object's segment too. Between the two are only keys that begin like the object's. */
  #collides(parent: Folder, { segment, next }: Child): boolean {
    if (next >= parent.to || !this.#index.key(next).startsWith(parent.path + segment)) return false
    return this.#folder(parent, segment) !== undefined
  }

  isInOrder(folder: Folder): boolean {
    let last: string | undefined
    for (const child of this.children(folder)) {
      const name = this.nameOf(folder, child)
      if (last !== undefined && compareKeys(last, name) > 0) return false
      last = name
    }
    return true
  }
}
