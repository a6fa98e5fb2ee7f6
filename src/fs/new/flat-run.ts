/** A run of an inbox's objects as new/ needs them, made once for each: their ids, and hashes of their names. Packed. */
import type { ObjectRun } from '../../listing/listing.js'
import { fileId, idWords, writeId } from '../../taking/file-id.js'
import { flatName } from '../../view/flat-name.js'

export class FlatRun {
  readonly ids: Uint32Array
  /** 0: it is no file. */
  readonly hashes: Uint32Array

  constructor(run: ObjectRun) {
    this.ids = new Uint32Array(run.length * idWords)
    this.hashes = new Uint32Array(run.length)
    for (let i = 0; i < run.length; i += 1) {
      const object = run.object(i)
      const path = run.path(i)
      // A folder's marker is no file.
      if (object.size === 0 && (path === '' || path.endsWith('/'))) continue
      writeId(fileId(object), this.ids, i * idWords)
      this.hashes[i] = hashOf(flatName(path))
    }
  }
}

/** FNV-1a, never 0. */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash >>> 0 || 1
}
