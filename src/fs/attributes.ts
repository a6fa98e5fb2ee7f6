/** Attributes of what is shown from the bucket: read-only files and folders. */
import type { Entry } from '../listing/listing.js'
import type { EpochMs } from '../units.js'
import type { Attributes } from './filesystem.js'

/** A folder that nothing can be written to. */
export function readOnlyFolder(mtime: EpochMs = 0): Attributes {
  return { kind: 'folder', mode: 0o555, size: 0, mtime }
}

/** A file or folder of a listing: its size and time come from there, no HEAD is ever asked for. */
export function entryAttributes(entry: Entry): Attributes {
  if (entry.kind === 'folder') return readOnlyFolder(entry.mtime)
  return { kind: 'file', mode: 0o444, size: entry.size, mtime: entry.mtime }
}
