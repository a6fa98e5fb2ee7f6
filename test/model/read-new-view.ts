/** What a `new/` shows of an inbox, by another way than the real one: a map of paths, made anew for each look. */
import type { Entry } from '../../src/listing/listing.js'
import type { Name, Prefix } from '../../src/units.js'
import { flatName, otherFlatName } from '../../src/view/flat-name.js'
import type { Version } from './read-history.js'
import { identityOf, type NewMarks } from './read-new-marks.js'
import { pairs, pathOf, type Shown, type View } from './read-views.js'

const [pair] = pairs
const prefix = `AS2/files/${pair.station}/${pair.partner}/inbox/` as Prefix

export interface NewView extends View {
  readonly show: (objects: readonly Version[]) => NewShown
}

export function newView(marks: NewMarks): NewView {
  const made = new WeakMap<readonly Version[], NewShown>()
  return {
    ...{ path: `${pathOf(pair)}/new`, prefix, pair, kind: 'plain', isUnordered: true },
    show: (objects) => {
      const shown = made.get(objects) ?? new NewShown(objects, marks)
      made.set(objects, shown)
      return shown
    },
    // In folders there is only what has another name.
    isOwn: (names) => isMade(names, marks) || (names.length > 1 && marks.versionAt(names.join('/')) === undefined),
  }
}

/** What was made of one state of the marks. */
interface Made {
  readonly changes: number
  readonly own: ReadonlyMap<Version, string>
  readonly byPath: ReadonlyMap<string, Entry>
  /** By key. */
  readonly first: ReadonlyMap<string, string>
}

/** As the marks are whenever it is asked. */
export class NewShown implements Shown {
  readonly #objects: readonly Version[]
  readonly #marks: NewMarks
  #made: Made | undefined

  /** @param objects of the inbox, in the order of keys */
  constructor(objects: readonly Version[], marks: NewMarks) {
    this.#objects = objects.filter((it) => it.size > 0 || !it.key.endsWith('/'))
    this.#marks = marks
  }

  /** All there is, in folders too. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#all.byPath
  }

  /** The name of each when it is given no other. */
  get ownNames(): ReadonlyMap<Version, string> {
    return this.#all.own
  }

  /** The name in the first folder of what has its own; undefined: it was taken, or has another. */
  firstName(key: string): string | undefined {
    return this.#all.first.get(key)
  }

  /** The file of the inbox that has a path. */
  versionAt(path: string): Version | undefined {
    const entry = this.#marks.made.has(path) ? undefined : this.entries.get(path)
    return entry?.kind === 'file' ? this.#objects.find((it) => it.key === entry.key) : undefined
  }

  /** All that were not taken. */
  get waiting(): readonly Version[] {
    return this.#objects.filter((it) => this.#isShown(it) || this.#marks.names.has(identityOf(it)))
  }

  #ownNames(): ReadonlyMap<Version, string> {
    const first = new Map<string, Version>()
    for (const it of this.#objects) {
      const name = flatName(pathIn(it))
      const other = first.get(name)
      if (!other || it.mtime < other.mtime) first.set(name, it)
    }
    const { folders, made, names } = this.#marks
    const given = new Set(this.#objects.map((it) => names.get(identityOf(it))))
    const own = (it: Version): string => {
      const name = flatName(pathIn(it))
      const isUsed = folders.has(name) || made.has(name) || given.has(name)
      return first.get(name) === it && !isUsed ? name : otherFlatName(pathIn(it), 1)
    }
    return new Map(this.#objects.map((it) => [it, own(it)]))
  }

  lookup(names: readonly Name[]): Entry | undefined {
    if (names.length === 0) return { kind: 'folder', name: '' as Name, mtime: 0 }
    return this.entries.get(names.join('/'))
  }

  readdir(names: readonly Name[]): readonly Entry[] | undefined {
    if (names.length > 0 && this.lookup(names)?.kind !== 'folder') return undefined
    const before = names.length === 0 ? '' : `${names.join('/')}/`
    const isIn = (path: string): boolean => path.startsWith(before) && !path.includes('/', before.length)
    return [...this.entries].flatMap(([path, it]) => (isIn(path) ? [it] : []))
  }

  #isShown(version: Version): boolean {
    const { taken, names, from } = this.#marks
    const identity = identityOf(version)
    return !taken.has(identity) && !names.has(identity) && version.mtime >= from
  }

  get #all(): Made {
    const { changes } = this.#marks
    if (this.#made?.changes !== changes) {
      const own = this.#ownNames()
      const first = [...own].filter(([it]) => this.#isShown(it)).map(([it, name]) => [it.key, name] as const)
      this.#made = { changes, own, byPath: this.#paths(own), first: new Map(first) }
    }
    return this.#made
  }

  #paths(own: ReadonlyMap<Version, string>): Map<string, Entry> {
    const { folders, made, names } = this.#marks
    const byPath = new Map<string, Entry>()
    const add = (path: string, it: object): void => void byPath.set(path, { ...it, name: nameIn(path) } as Entry)
    for (const it of this.#objects) {
      const path = names.get(identityOf(it)) ?? (this.#isShown(it) ? own.get(it) : undefined)
      if (path !== undefined) add(path, { kind: 'file', ...it })
    }
    for (const path of folders) add(path, { kind: 'folder', mtime: 0 })
    for (const [path, it] of made) add(path, { kind: 'file', key: '', etag: '', ...it })
    return byPath
  }
}

function isMade(names: readonly Name[], { made, folders }: NewMarks): boolean {
  return made.has(names.join('/')) || folders.has(names.join('/'))
}

function pathIn({ key }: Version): string {
  return key.slice(prefix.length)
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
