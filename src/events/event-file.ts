/** Reads files of numbered JSON lines (`{"seq":7,…`) that somebody appends to, and that are renamed when they are full. */
import type { FileHandle } from 'node:fs/promises'
import { codeOf } from '../errors.js'
import { openOwn } from '../own-files.js'
import type { Bytes } from '../units.js'

/** Read at a time. */
const chunkBytes: Bytes = 64 * 1024
/** A line that is longer is none of ours. */
const longestLine: Bytes = 1024 * 1024

/** Goes on where it was; several may read the same files. */
export class EventReader<T extends object> {
  readonly #current: string
  readonly #former: string
  #seq: number
  #inode: number | undefined
  #offset = 0

  /** @param seq what comes after this number is read */
  constructor(current: string, former: string, seq: number) {
    this.#current = current
    this.#former = former
    this.#seq = seq
  }

  /** The number of the last one that was read. */
  get seq(): number {
    return this.#seq
  }

  /** All that is there by now. @throws the disk's own error */
  async *read(): AsyncGenerator<T, undefined> {
    // In this order: what is renamed between the two is read as both, and not as neither.
    const current = await opened(this.#current)
    const former = await opened(this.#former)
    try {
      const [last, first] = [await current?.stat(), await former?.stat()]
      if (former && this.#inode !== last?.ino) yield* this.#readFile(former, first?.ino ?? 0)
      if (current) yield* this.#readFile(current, last?.ino ?? 0)
    } finally {
      await current?.close()
      await former?.close()
    }
  }

  async *#readFile(handle: FileHandle, inode: number): AsyncGenerator<T, undefined> {
    if (inode !== this.#inode) [this.#inode, this.#offset] = [inode, 0]
    for await (const { line, end } of linesOf(handle, this.#offset)) {
      this.#offset = end
      // Most are looked at only for their number.
      const seq = seqOf(line)
      const event = seq > this.#seq ? parsed(line) : undefined
      if (!event) continue
      this.#seq = seq
      yield event as T
    }
  }
}

/** The number of the last whole line; 0 where there is none. */
export async function lastSeq(path: string): Promise<number> {
  const handle = await opened(path)
  if (!handle) return 0
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, longestLine)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
    const lines = buffer.subarray(0, bytesRead).toString().split('\n').slice(0, -1)
    return Math.max(0, ...lines.slice(-64).map(seqOf))
  } finally {
    await handle.close()
  }
}

async function opened(path: string): Promise<FileHandle | undefined> {
  return openOwn(path, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
}

/** Whole lines, each with where it ends. */
async function* linesOf(
  handle: FileHandle,
  start: Bytes,
): AsyncGenerator<{ readonly line: string; readonly end: Bytes }, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let offset = start
  for (;;) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, offset + rest.length)
    if (bytesRead === 0) return
    let bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10)) {
      offset += at + 1
      yield { line: bytes.subarray(0, at).toString(), end: offset }
      bytes = bytes.subarray(at + 1)
    }
    rest = bytes
    if (rest.length > longestLine) return
  }
}

const beginning = /^\{"seq":(\d{1,15}),/

function seqOf(line: string): number {
  return Number(beginning.exec(line)?.[1] ?? 0)
}

/**
 * Without its number. A line that was cut off by a full disk, or a crash, says nothing: it comes once more.
 * @param line one that has a number
 */
function parsed(line: string): object | undefined {
  try {
    return JSON.parse(line.replace(beginning, '{')) as object
  } catch {
    return undefined
  }
}
