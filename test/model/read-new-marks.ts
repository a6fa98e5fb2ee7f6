/** What the model of reading knows of a `new/`: what was taken, what has another name, and what programs have made. */
import type { EpochMs } from '../../src/units.js'
import type { Version } from './read-history.js'

/** A file that a program has made; it may have several names. */
export interface MadeFile {
  readonly size: number
  readonly mtime: EpochMs
  readonly bytes: Buffer
}

/** A version of an object; what is put anew with the same content is the same one. */
export function identityOf({ key, size, etag }: Version): string {
  return `${size} ${etag} ${key}`
}

export class NewMarks {
  /** What the bucket has from before counts as taken. */
  from: EpochMs
  readonly taken = new Set<string>()
  readonly names = new Map<string, string>()
  readonly folders = new Set<string>()
  readonly made = new Map<string, MadeFile>()
  /** Of versions, and of files that were made. */
  readonly modes = new Map<string | MadeFile, number>()
  #changes = 0

  constructor(from: EpochMs) {
    this.from = from
  }

  /** Another number when anything has changed. */
  get changes(): number {
    return this.#changes
  }

  /** The version that was given that name. */
  versionAt(path: string): string | undefined {
    for (const [version, name] of this.names) if (name === path) return version
    return undefined
  }

  isIn(folder: string): boolean {
    const all = [...this.folders, ...this.made.keys(), ...this.names.values()]
    return all.some((it) => it.startsWith(`${folder}/`))
  }

  take(versions: readonly string[]): void {
    this.#changes += 1
    for (const it of versions) {
      this.taken.add(it)
      this.names.delete(it)
      this.modes.delete(it)
    }
  }

  /** @param path undefined: its own one */
  name(version: string, path: string | undefined): void {
    this.#changes += 1
    this.names.delete(version)
    if (path === undefined) return
    this.#free(path)
    this.names.set(version, path)
  }

  make(path: string, file: MadeFile): void {
    this.#free(path)
    this.made.set(path, file)
  }

  /** What was made. */
  remove(path: string): void {
    this.#changes += 1
    this.folders.delete(path)
    const file = this.made.get(path)
    this.made.delete(path)
    if (file && ![...this.made.values()].includes(file)) this.modes.delete(file)
  }

  /** Of what was made: a file, or a folder with all that is in it. */
  move(from: string, to: string): void {
    const file = this.made.get(from)
    if (file) {
      this.make(to, file)
      this.remove(from)
      return
    }
    const moved = (path: string): string => (isAt(path, from) ? to + path.slice(from.length) : path)
    const [folders, made] = [[...this.folders], [...this.made]]
    this.folders.clear()
    this.made.clear()
    this.#changes += 1
    for (const it of folders) this.folders.add(moved(it))
    for (const [path, it] of made) this.made.set(moved(path), it)
    for (const [version, path] of this.names) this.names.set(version, moved(path))
  }

  mkdir(path: string): void {
    this.#free(path)
    this.folders.add(path)
  }

  /** What had it is not there now, and has its own name when it comes back. */
  #free(path: string): void {
    const version = this.versionAt(path)
    if (version !== undefined) this.names.delete(version)
    this.remove(path)
  }

  chmod(what: string | MadeFile, mode: number): void {
    this.modes.set(what, mode)
  }

  reset(): void {
    this.#changes += 1
    this.from = 0
    this.taken.clear()
    this.names.clear()
    for (const it of this.modes.keys()) if (typeof it === 'string') this.modes.delete(it)
  }
}

function isAt(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
