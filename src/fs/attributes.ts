/** Attributes of what is shown from the bucket: read-only files and folders. */
import type { Entry } from '../listing/listing.js'
import type { EpochMs } from '../units.js'
import type { Attributes } from './filesystem.js'

/** Of all that is shown from the bucket, and of what is in `new/`; the binding is told so once. */
export const entryModes = { file: 0o444, folder: 0o555, changing: 0o644 } as const

/** A folder that nothing can be written to. */
export function readOnlyFolder(mtime: EpochMs = 0): Attributes {
  return { kind: 'folder', mode: entryModes.folder, size: 0, mtime }
}

/** A file or folder of a listing: its size and time come from there, no HEAD is ever asked for. */
export function entryAttributes(entry: Entry): Attributes {
  if (entry.kind === 'folder') return readOnlyFolder(entry.mtime)
  return { kind: 'file', mode: entryModes.file, size: entry.size, mtime: entry.mtime }
}
