/** Folders that the binding answers for by itself: those that were read, and more of them ahead of who walks through them. */
import { entryModes } from '../fs/attributes.js'
import type { FolderContent } from '../fs/filesystem.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { packFolder, type PackedFolder } from './packed-folder.js'
import { encodeStat, type Ownership, type Stat } from './stat.js'

/** What the binding does with folders. */
export interface FoldersOfBinding {
  /** What is the same of all files and of all folders that are kept: all but size and times. */
  keepFoldersAs(file: Stat, folder: Stat): void
  /**
   * From now on, and for so many milliseconds, the binding answers by itself who reads a folder or asks for what is in it.
   * What is not in it comes here still.
   * @param names as of `packFolder`; they are copied
   * @param sizesAndTimes two numbers for each; they are copied
   */
  keepFolder(path: string, names: Uint8Array, sizesAndTimes: Float64Array, forMs: number): void
  /** Folders that are kept are no longer, or those whose time is over. */
  dropFolders(onlyExpired: boolean): void
  keptFigures(): { readonly answered: number; readonly folders: number; readonly bytes: number }
}

/** One that goes from folder to folder in the order in which they are listed. */
interface FolderWalk {
  /** The path of the first folder that was not handed over yet. */
  readonly next: string
  /** How many were handed over the last time. */
  readonly count: number
}

const firstAhead = 8
const mostAhead = 256
/** With so many entries in them, fewer folders are enough. */
const mostEntriesAhead = 4_096
/** How many are remembered. */
const mostWalks = 64
/** Memory of folders whose time is over is given back about then. */
const sweepEvery: Milliseconds = 1_000

export class KeptFolders {
  readonly #binding: () => FoldersOfBinding
  readonly #owner: Ownership
  readonly #clock: Clock
  readonly #walks = new Map<string, FolderWalk>()
  #isToldOwner = false
  #sweeper: NodeJS.Timeout | undefined

  /** @param binding is asked for from the first folder on */
  constructor(binding: () => FoldersOfBinding, owner: Ownership, clock: Clock) {
    this.#binding = binding
    this.#owner = owner
    this.#clock = clock
  }

  /** How many calls never came here. */
  get answered(): number {
    return this.#isToldOwner ? this.#binding().keptFigures().answered : 0
  }

  /** Hands over a folder that was just read, where it may be kept. */
  add(path: string, content: FolderContent, packed: PackedFolder): void {
    const time: Milliseconds = Math.floor((content.freshUntil ?? 0) - this.#clock.monotonic())
    if (time <= 0) return
    this.#keep(path, packed, time)
    this.#handOverNext(path, content, time)
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepEvery).unref()
  }

  /** Something has changed: whoever asks next is told what is so now. */
  drop(): void {
    if (this.#isToldOwner) this.#binding().dropFolders(false)
  }

  close(): void {
    clearInterval(this.#sweeper)
  }

  /** Who reads one folder after the other is given the next ones before asking for them, twice as many each time. */
  #handOverNext(path: string, { following }: FolderContent, time: Milliseconds): void {
    if (!following) return
    const parent = path.slice(0, path.lastIndexOf('/'))
    const walk = this.#walks.get(parent)
    this.#walks.delete(parent)
    const count = walk?.next === path ? Math.min(mostAhead, Math.max(firstAhead, 2 * walk.count)) : 0
    let [folders, entries] = [0, 0]
    for (const folder of following) {
      const next = `${parent}/${folder.name}`
      if (folders === count || entries >= mostEntriesAhead) {
        this.#remember(parent, { next, count: folders })
        return
      }
      const packed = packFolder(folder.entries, this.#owner.since)
      this.#keep(next, packed, time)
      folders += 1
      entries += packed.sizesAndTimes.length / 2
    }
  }

  #remember(parent: string, walk: FolderWalk): void {
    this.#walks.set(parent, walk)
    for (const oldest of this.#walks.keys()) if (this.#walks.size > mostWalks) this.#walks.delete(oldest)
  }

  #keep(path: string, { names, sizesAndTimes }: PackedFolder, time: Milliseconds): void {
    const binding = this.#binding()
    if (!this.#isToldOwner) {
      const nothing = { size: 0, mtime: 0 }
      const file = encodeStat({ kind: 'file', mode: entryModes.file, ...nothing }, this.#owner)
      binding.keepFoldersAs(file, encodeStat({ kind: 'folder', mode: entryModes.folder, ...nothing }, this.#owner))
      this.#isToldOwner = true
    }
    binding.keepFolder(path, names, sizesAndTimes, time)
  }

  #sweep(): void {
    const binding = this.#binding()
    binding.dropFolders(true)
    if (binding.keptFigures().folders > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}
