/** The files of `.as2fs/` that the daemon makes. */
import { FsError } from '../errors.js'
import type { Name } from '../units.js'
import { entryModes } from './attributes.js'
import type { ControlFile } from './control-file.js'
import { readOnly, type FileDescription } from './file-description.js'
import type { Attributes, DirectoryEntry } from './filesystem.js'

export class ControlFolder {
  readonly #files: ReadonlyMap<string, ControlFile>

  /** @param files by name */
  constructor(files: ReadonlyMap<string, ControlFile>) {
    this.#files = files
  }

  /** @throws FsError ENOENT */
  getattr(name: Name): Attributes {
    const { bytes, madeAt } = this.#file(name).shown()
    return { kind: 'file', mode: entryModes.file, size: bytes.length, mtime: madeAt }
  }

  readdir(): DirectoryEntry[] {
    return [...this.#files.keys()].map((name) => ({ ...this.getattr(name as Name), name }))
  }

  /** @throws FsError ENOENT */
  open(name: Name): FileDescription {
    const file = this.#file(name)
    const snapshot = file.opened()
    const { bytes } = snapshot
    return readOnly(
      (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
      () => file.closed(snapshot),
      'rendered',
    )
  }

  #file(name: Name): ControlFile {
    const file = this.#files.get(name)
    if (!file) throw new FsError('ENOENT', `There is no ${name} here.`)
    return file
  }
}
