/**
 * Sequential writes on their way to a file: gathered in memory to large ones, so that a writer need not wait for the disk
 * at each of the kernel's 128 KiB. What fails is thrown by the next call, at the latest by the `drain` of close(2).
 */
import type { FileHandle } from 'node:fs/promises'
import type { Bytes } from '../../units.js'
import { writeAll } from '../../journal/write-all.js'

const chunkSize: Bytes = 1024 * 1024
/** Of one file: one that fills while others are written. */
const chunksPerFile = 4

/** Memory for all files together; a file that gets none writes at once. */
export class ChunkPool {
  readonly #free: Buffer[] = []
  #left: number

  /** @param limit in bytes, rounded down to whole chunks */
  constructor(limit: Bytes) {
    this.#left = Math.floor(limit / chunkSize)
  }

  take(): Buffer | undefined {
    const free = this.#free.pop()
    if (free || this.#left === 0) return free
    this.#left -= 1
    return Buffer.allocUnsafeSlow(chunkSize)
  }

  give(chunk: Buffer): void {
    this.#free.push(chunk)
  }
}

interface Chunk {
  readonly buffer: Buffer
  readonly position: Bytes
  length: Bytes
}

export class WriteBehind {
  readonly #file: FileHandle
  readonly #pool: ChunkPool
  #filling: Chunk | undefined
  /** Writes follow one another: later ones may overlap earlier ones. */
  #last: Promise<void> = Promise.resolve()
  #underWay = 0
  #failure: Error | undefined

  constructor(file: FileHandle, pool: ChunkPool) {
    this.#file = file
    this.#pool = pool
  }

  /** Takes a copy before it returns. Resolves when there is room for more. @throws what an earlier write failed with */
  async write(bytes: Uint8Array, position: Bytes): Promise<void> {
    this.#check()
    for (let done = 0; done < bytes.length;) {
      const chunk = this.#chunkAt(position + done)
      if (!chunk) return this.#writeThrough(bytes.subarray(done), position + done)
      const part = bytes.subarray(done, done + chunkSize - chunk.length)
      chunk.buffer.set(part, chunk.length)
      chunk.length += part.length
      done += part.length
      if (chunk.length === chunkSize) this.#send()
    }
    if (this.#underWay >= chunksPerFile - 1) await this.#last
    this.#check()
  }

  /** All that was taken is in the file (not yet on disk) when it resolves. @throws what a write failed with */
  async drain(): Promise<void> {
    this.#send()
    await this.#last
    this.#check()
  }

  /** Drops what was not written yet, and forgets what failed: for a file that begins anew. */
  async reset(): Promise<void> {
    if (this.#filling) this.#pool.give(this.#filling.buffer)
    this.#filling = undefined
    await this.#last
    this.#failure = undefined
  }

  /** The chunk in which the byte at a position comes next. */
  #chunkAt(position: Bytes): Chunk | undefined {
    const filling = this.#filling
    if (filling && filling.position + filling.length === position) return filling
    this.#send()
    const buffer = this.#pool.take()
    this.#filling = buffer && { buffer, position, length: 0 }
    return this.#filling
  }

  async #writeThrough(bytes: Uint8Array, position: Bytes): Promise<void> {
    // The kernel takes its buffer back when it is answered, or past the deadline.
    const copy = Buffer.from(bytes)
    this.#enqueue(() => writeAll(this.#file, copy, position))
    await this.#last
    this.#check()
  }

  #send(): void {
    const chunk = this.#filling
    if (!chunk) return
    this.#filling = undefined
    this.#enqueue(async () => {
      try {
        await writeAll(this.#file, chunk.buffer.subarray(0, chunk.length), chunk.position)
      } finally {
        this.#pool.give(chunk.buffer)
      }
    })
  }

  #enqueue(act: () => Promise<void>): void {
    this.#underWay += 1
    this.#last = this.#last.then(act).then(
      () => {
        this.#underWay -= 1
      },
      (error: unknown) => {
        this.#underWay -= 1
        this.#failure ??= error instanceof Error ? error : new Error(String(error))
      },
    )
  }

  #check(): void {
    if (this.#failure) throw this.#failure
  }
}
