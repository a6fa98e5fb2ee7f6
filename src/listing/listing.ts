/** The interface of the listing room: what the bucket holds, by prefix, no older than the ttl where it can be helped. */
import type { CancelSignal } from '../cancellation.js'
import type { FsError } from '../errors.js'
import type { EpochMs, Key, Milliseconds, Name, Prefix } from '../units.js'
import type { ObjectInfo } from '../s3/store.js'

/** A file of a view: the name it is shown under and the object behind it. */
export interface FileEntry extends ObjectInfo {
  readonly kind: 'file'
  readonly name: Name
}

/** A folder of a view. `mtime` is the newest LastModified below it, 0 if unknown. */
export interface FolderEntry {
  readonly kind: 'folder'
  readonly name: Name
  readonly mtime: EpochMs
}

export type Entry = FileEntry | FolderEntry

export interface ListedFolder {
  readonly name: Name
  readonly entries: Iterable<Entry>
}

/** Folders and files under the names they are shown by. Immutable. */
export interface KeyTree {
  /** What is at `names` below the root; the root itself for no names. */
  lookup(names: readonly Name[]): Entry | undefined
  /** The entries of a folder in UTF-8 order of names, made as they are asked for; undefined if there is no such folder. */
  readdir(names: readonly Name[]): Iterable<Entry> | undefined
  /** When the listing that it came from was begun, by the clock that never steps. */
  readonly listedAt: Milliseconds
  /** The folders beside a folder that come after it, each with what is in it; none where only a part is known. */
  foldersAfter(names: readonly Name[]): Iterable<ListedFolder>
  /** The objects after a file, about in the order in which a program meets them that walks through the folders. */
  after(names: readonly Name[]): Iterable<ObjectInfo>
}

/** Some objects, one after the other in key order, as they are kept: what comes or goes leaves most of the others alone. */
export interface ObjectRun {
  /** Where it is the same, and so is `start`, so are the objects. */
  readonly content: object
  readonly start: number
  readonly length: number
  /** The key below the tree's root. */
  path(index: number): string
  object(index: number): ObjectInfo
}

/** The tree of one prefix, as a listing found it. A refresh makes another. */
export interface ViewTree extends KeyTree {
  /** When the last listing of all of it was begun, by the clock that never steps: what vanished before that is not here. */
  readonly completeAt: Milliseconds
  readonly size: number
  /** The same object as long as what is in it is the same: a refresh that finds nothing new makes a tree of the same content. */
  readonly content: object
  /** All objects in key order. */
  objects(): Iterable<ObjectInfo>
  /** The same, in runs. */
  runs(): Iterable<ObjectRun>
  /** Those whose LastModified is that or later, in key order. */
  recent(since: EpochMs): Iterable<ObjectInfo>
  /** The same, of those with that last segment: costs the same however many there are. */
  recentNamed(name: string, since: EpochMs): Iterable<ObjectInfo>
  has(key: Key): boolean
  object(key: Key): ObjectInfo | undefined
  /** What is below a path of raw segments, which ends in `/`, as a tree of its own. */
  below(path: string): ViewTree
  /**
   * Objects that belong together, as trees of their own.
   * @param groupOf is asked with the segments of each key, in key order; undefined: it is in none
   */
  grouped(
    groupOf: (segments: readonly string[], object: ObjectInfo) => string | undefined,
  ): ReadonlyMap<string, ViewTree>
  /** The same, found when another tree was. */
  foundWith(other: ViewTree): ViewTree
}

/** One row of `status`: what is known of a prefix. */
export interface ListingStatus {
  readonly prefix: Prefix
  readonly objects: number
  readonly listedAt: EpochMs | undefined
  /** When the whole of it was last listed. */
  readonly completeAt: EpochMs | undefined
  /** One sentence, when the last try failed. */
  readonly error: string | undefined
  /** One sentence, where its refreshes cost more than they should. */
  readonly note: string | undefined
}

/** What is known of something at the moment, for who does not wait for the bucket. */
export interface Glimpse<T> {
  /** However old; undefined: nothing is known. */
  readonly value: T | undefined
  /** Whether it is as fresh as if the bucket had been waited for. */
  readonly isCurrent: boolean
  /** Why it is not, as far as that is known yet. */
  readonly error: FsError | undefined
}

/** Whether what is at a path is asked for, or also all that is below it. */
export type Purpose = 'entry' | 'content'

export interface Listing {
  /**
   * The tree below a prefix: at most ttl old; if the bucket can't be reached, at most stale-ttl.
   * One LIST under way for a prefix serves all who wait for it, and is not ended by one caller's signal.
   * @throws FsError EACCES if it may not be listed, EIO or ETIMEDOUT if it can't be
   */
  tree(prefix: Prefix, signal: CancelSignal): Promise<ViewTree>
  /**
   * The tree below a prefix, at most ttl old in any case: for what must not be decided by what was.
   * @throws FsError as `tree`, and when the bucket can't be reached
   */
  current(prefix: Prefix, signal: CancelSignal): Promise<ViewTree>
  /**
   * A tree that has at `names` below the prefix what the whole one has, be it that, or what a small LIST of that path
   * brings while the view is not listed yet.
   */
  near(prefix: Prefix, names: readonly Name[], purpose: Purpose, signal: CancelSignal): Promise<KeyTree>
  /** Whether anything is known of the whole of a view. */
  isListed(prefix: Prefix): boolean
  /**
   * What is known of a view, renewed where one LIST does that and comes within moments. Nothing known: undefined, and no
   * request. Never throws.
   */
  glance(prefix: Prefix, signal: CancelSignal): Promise<ViewTree | undefined>
  /** For who must not wait: the tree as it is known, renewed if the bucket answers within moments. Never throws. */
  glimpse(prefix: Prefix, signal: CancelSignal): Promise<Glimpse<ViewTree>>
  /**
   * A tree by a listing of the whole that was begun at that time or later, by the clock that never steps; never a stale one.
   * @throws FsError as `tree`, and when the bucket can't be reached
   */
  complete(prefix: Prefix, since: Milliseconds, signal: CancelSignal): Promise<ViewTree>
  /** Raw segment names of the folders one level below the prefix (one delimited LIST), with the same ttl rules. */
  folders(prefix: Prefix, signal: CancelSignal): Promise<readonly string[]>
  /** The same for who must not wait. Never throws. */
  glimpseOfFolders(prefix: Prefix, signal: CancelSignal): Promise<Glimpse<readonly string[]>>
  /** Those that were found at that time or later, by the clock that never steps; never asks the bucket. */
  knownFolders(prefix: Prefix, since: Milliseconds): readonly string[]
  /** A GET said that the key is not there: takes it out at once. */
  forget(key: Key): void
  /** A GET said that another object has the key now: looks at that one. */
  recheck(key: Key): void
  status(): readonly ListingStatus[]
}
