/** Folders that the binding answers for by itself: those that were read, and more of them ahead of who walks through them. */
import { entryModes } from '../fs/attributes.js'
import type { Changing, FolderContent } from '../fs/filesystem.js'
import { timeLimit } from '../patience.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { packFolder, type PackedFolder } from './packed-folder.js'
import { encodeStat, type Ownership, type Stat } from './stat.js'

/** What the binding does with folders. */
export interface FoldersOfBinding {
  /** What is the same of all files and of all folders that are kept, and of files of those that change: all but size and times. */
  keepFoldersAs(file: Stat, folder: Stat, changing: Stat): void
  /**
   * From now on, and for so many milliseconds, the binding answers by itself who reads a folder or asks for what is in it.
   * What is not in it comes here still.
   * @param names as of `packFolder`; they are copied
   * @param sizesAndTimes two numbers for each; they are copied
   * @param isChanging names may go one by one, and others come: it is not read out, but that a name is in it is told
   */
  keepFolder(path: string, names: Uint8Array, sizesAndTimes: Float64Array, forMs: number, isChanging: boolean): void
  /** What is at a path is another thing by now: whoever asks for it comes here. Of a folder that changes. */
  forgetKept(path: string): void
  /** All that is kept of a folder that changes is so for so many milliseconds more. For a moment its time may be over already. */
  renewFolder(path: string, forMs: number): void
  /** Folders that are kept are no longer, or those whose time is over. */
  dropFolders(onlyExpired: boolean): void
  keptFigures(): { readonly folders: number; readonly bytes: number }
}

/** One that goes from folder to folder in the order in which they are listed. */
interface FolderWalk {
  /** The path of the first folder that was not handed over yet. */
  readonly next: string
  /** How many were handed over the last time. */
  readonly count: number
}

/** A folder that changes, as it was given. */
interface ChangingFolder {
  readonly changing: Changing
  /** By the clock. */
  until: Milliseconds
  isAsked: boolean
}

/** A folder that was read, and what was asked here since then of what it has. */
interface ReadFolder {
  readonly entries: number
  missed: number
}

const firstAhead = 8
const mostAhead = 256
/** With so many entries in them, fewer folders are enough. */
const mostEntriesAhead = 4_096
/** How many are remembered. */
const mostWalks = 64
/** So many folders are remembered that were read, the large ones: of others it is no matter whether they are read anew. */
const mostRead = 64
const largeFrom = 256
/** Reading a folder takes so long as this part of its entries takes by calls. */
const entriesPerCall = 64
/** Folders of a partner's of which receipts say what is in them. */
const byReceipts = /^\/[^/]+\/[^/]+\/(?:mdn|delivery)(?:\/|$)/
/** It is known: something in it was found a moment ago. */
const renewWithin: Milliseconds = 5_000
/** Memory of folders whose time is over is given back about then. */
const sweepEvery: Milliseconds = 1_000

export class KeptFolders {
  readonly #binding: () => FoldersOfBinding
  readonly #owner: Ownership
  readonly #clock: Clock
  readonly #walks = new Map<string, FolderWalk>()
  readonly #read = new Map<string, ReadFolder>()
  readonly #changing = new Map<string, ChangingFolder>()
  /** Some of what is kept is shown by what receipts say. */
  #showsReceipts = false
  #isToldOwner = false
  #sweeper: NodeJS.Timeout | undefined

  /** @param binding is asked for from the first folder on */
  constructor(binding: () => FoldersOfBinding, owner: Ownership, clock: Clock) {
    this.#binding = binding
    this.#owner = owner
    this.#clock = clock
  }

  /** Hands over a folder that was just read, where it may be kept. */
  add(path: string, content: FolderContent, packed: PackedFolder): void {
    const { changing } = content
    const until: Milliseconds = content.freshUntil ?? changing?.freshUntil ?? 0
    const time: Milliseconds = Math.floor(until - this.#clock.monotonic())
    if (time <= 0 || changing?.isSo() === false) return
    this.#keep(path, packed, time, changing !== undefined)
    if (changing) remember(this.#changing, path, { changing, until, isAsked: false }, mostRead)
    const entries = packed.sizesAndTimes.length / 2
    if (entries >= largeFrom) remember(this.#read, path, { entries, missed: 0 }, mostRead)
    this.#handOverNext(path, content, time)
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepEvery).unref()
  }

  /**
   * Something that is there was asked for here. `ls -l` of a large folder takes longer than that is fresh, and reads it but once.
   * @returns the folder that it is in, if the binding had better have that again: it is to be read, and added
   */
  missed(path: string): string | undefined {
    const folder = parentOf(path)
    const changing = this.#changing.get(folder)
    if (changing && !changing.isAsked && changing.until <= this.#clock.monotonic()) void this.#renew(folder, changing)
    const read = this.#read.get(folder)
    if (!read) return undefined
    read.missed += 1
    if (read.missed < read.entries / entriesPerCall) return undefined
    // Not asked for once more while it is being read.
    this.#read.delete(folder)
    return folder
  }

  /** What is at a path may be something else now, or nothing. */
  changed(path: string): void {
    if (this.#isToldOwner) this.#binding().forgetKept(path)
  }

  /** Something has changed: whoever asks next is told what is so now. */
  drop(): void {
    this.#changing.clear()
    this.#showsReceipts = false
    if (this.#isToldOwner) this.#binding().dropFolders(false)
  }

  /** The same of what receipts say: while thousands are read, that is so four times a second. */
  receiptsChanged(): void {
    if (this.#showsReceipts) this.drop()
  }

  close(): void {
    clearInterval(this.#sweeper)
  }

  /** Nothing but what calls have changed is another: to read all of it again would take long. */
  async #renew(folder: string, it: ChangingFolder): Promise<void> {
    it.isAsked = true
    const until = await it.changing.renewed(timeLimit(renewWithin)).catch(() => undefined)
    const time: Milliseconds = Math.floor((until ?? 0) - this.#clock.monotonic())
    // Meanwhile it may have been dropped, or given anew.
    if (until === undefined || time <= 0 || this.#changing.get(folder) !== it) return
    it.until = until
    it.isAsked = false
    this.#binding().renewFolder(folder, time)
  }

  /** Who reads one folder after the other is given the next ones before asking for them, twice as many each time. */
  #handOverNext(path: string, { following }: FolderContent, time: Milliseconds): void {
    if (!following) return
    const parent = parentOf(path)
    const walk = this.#walks.get(parent)
    this.#walks.delete(parent)
    const count = walk?.next === path ? Math.min(mostAhead, Math.max(firstAhead, 2 * walk.count)) : 0
    let [folders, entries] = [0, 0]
    for (const folder of following) {
      const next = `${parent}/${folder.name}`
      if (folders === count || entries >= mostEntriesAhead) {
        remember(this.#walks, parent, { next, count: folders }, mostWalks)
        return
      }
      const packed = packFolder(folder.entries, this.#owner.since)
      this.#keep(next, packed, time, false)
      folders += 1
      entries += packed.sizesAndTimes.length / 2
    }
  }

  #keep(path: string, { lasting }: PackedFolder, time: Milliseconds, isChanging: boolean): void {
    const binding = this.#binding()
    this.#showsReceipts ||= byReceipts.test(path)
    if (!this.#isToldOwner) {
      const nothing = { size: 0, mtime: 0 }
      const [file, folder, changing] = [
        { kind: 'file', mode: entryModes.file, ...nothing } as const,
        { kind: 'folder', mode: entryModes.folder, ...nothing } as const,
        { kind: 'file', mode: entryModes.changing, ...nothing } as const,
      ].map((it) => encodeStat(it, this.#owner)) as [Stat, Stat, Stat]
      binding.keepFoldersAs(file, folder, changing)
      this.#isToldOwner = true
    }
    binding.keepFolder(path, lasting.names, lasting.sizesAndTimes, time, isChanging)
  }

  #sweep(): void {
    const binding = this.#binding()
    binding.dropFolders(true)
    if (binding.keptFigures().folders > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** As the newest; of more than so many the oldest go. */
function remember<T>(all: Map<string, T>, path: string, it: T, most: number): void {
  all.delete(path)
  all.set(path, it)
  for (const oldest of all.keys()) if (all.size > most) all.delete(oldest)
}
