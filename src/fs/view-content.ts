/** What is in a folder of a view, made as it is asked for: there may be a million. */
import type { Entry, ListedFolder } from '../listing/listing.js'
import type { Milliseconds } from '../units.js'
import { entryAttributes } from './attributes.js'
import type { DirectoryEntry, FolderContent } from './filesystem.js'

type NextFolder = NonNullable<FolderContent['following']> extends Iterable<infer T> ? T : never

export class ViewContent implements FolderContent {
  readonly freshUntil: Milliseconds
  readonly #entries: Iterable<Entry>
  readonly #following: () => Iterable<ListedFolder>

  constructor(entries: Iterable<Entry>, freshUntil: Milliseconds, following: () => Iterable<ListedFolder>) {
    this.#entries = entries
    this.freshUntil = freshUntil
    this.#following = following
  }

  [Symbol.iterator](): Iterator<DirectoryEntry> {
    return shown(this.#entries)
  }

  get following(): Iterable<NextFolder> {
    return shownFolders(this.#following())
  }
}

function* shownFolders(folders: Iterable<ListedFolder>): Generator<NextFolder, undefined> {
  for (const { name, entries } of folders) yield { name, entries: shown(entries) }
}

function* shown(entries: Iterable<Entry>): Generator<DirectoryEntry, undefined> {
  for (const entry of entries) yield { ...entryAttributes(entry), name: entry.name }
}
