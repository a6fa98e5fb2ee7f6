/** The size of the disk cache: what was used longest ago goes when it is full, or when its disk is. */
import { lstat, readdir, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes, EpochMs, Milliseconds } from '../units.js'

interface CachedFile {
  readonly path: string
  readonly size: Bytes
  readonly usedAt: EpochMs
}

/** Of the disk, what stays free for others. */
const shareKeptFree = 0.05
/** A sweep leaves this much of the limit, so that it is not needed again at once. */
const shareAfterSweep = 0.9
/** Another mount may write to the same folder: after so much of its own a mount looks what there is. */
const shareBetweenSweeps = 1 / 16
/** Files that a crash left half-written. Whoever writes one is done with it long before. */
const abandonedAfter: Milliseconds = 10 * 60 * 1000

/** Of a whole disk. */
export interface DiskSpace {
  readonly total: Bytes
  readonly free: Bytes
}

export class DiskRoom {
  readonly #folder: string
  readonly limit: Bytes
  readonly #space: () => Promise<DiskSpace>
  #used: Bytes = 0
  /** Written since the last sweep. */
  #written: Bytes = 0
  #free: Bytes = Infinity
  #sweeping: Promise<void> | undefined

  constructor(folder: string, limit: Bytes, space = () => spaceOf(folder)) {
    this.#folder = folder
    this.limit = limit
    this.#space = space
  }

  get used(): Bytes {
    return this.#used
  }

  /** Looks what there is, and makes room where there is too much; one at a time. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined))
    return this.#sweeping
  }

  /** Makes room if need be. @returns whether so much may be written */
  async hasRoomFor(bytes: Bytes): Promise<boolean> {
    const isFull = this.#used + bytes > this.limit || this.#free < bytes
    if (isFull || this.#written > this.limit * shareBetweenSweeps) await this.sweep()
    return this.#used + bytes <= this.limit && this.#free >= bytes
  }

  wrote(bytes: Bytes): void {
    this.#used += bytes
    this.#written += bytes
    this.#free -= bytes
  }

  removed(bytes: Bytes): void {
    this.#used -= bytes
  }

  async #sweep(): Promise<void> {
    const files = await this.#files()
    const total = files.reduce((sum, it) => sum + it.size, 0)
    const { total: size, free } = await this.#space()
    const missing = size * shareKeptFree - free
    const tooMany = total > this.limit * shareAfterSweep ? total - this.limit * shareAfterSweep : 0
    let wanted = Math.max(tooMany, missing)
    let [used, freed] = [total, 0]
    for (const it of files.sort((a, b) => a.usedAt - b.usedAt)) {
      if (wanted <= 0) break
      // Gone already: another mount sweeps, too.
      await unlink(it.path).catch(() => undefined)
      wanted -= it.size
      used -= it.size
      freed += it.size
    }
    this.#used = used
    this.#written = 0
    this.#free = freed - missing
  }

  async #files(): Promise<CachedFile[]> {
    const found: CachedFile[] = []
    for (const folder of await readdir(this.#folder)) {
      for (const name of await readdir(join(this.#folder, folder)).catch(() => [])) {
        const path = join(this.#folder, folder, name)
        const it = await lstat(path).catch(() => undefined)
        if (!it?.isFile()) continue
        if (name.endsWith('.tmp') && Date.now() - it.mtimeMs > abandonedAfter) await unlink(path).catch(() => undefined)
        else found.push({ path, size: it.size, usedAt: it.mtimeMs })
      }
    }
    return found
  }
}

async function spaceOf(folder: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return { total: blocks * bsize, free: bavail * bsize }
}
