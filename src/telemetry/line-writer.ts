/**
 * Lines to a descriptor, at once. Whoever writes never waits and never fails: what can't be written now (a full disk, a pipe that nobody
 * reads) is kept and tried again, up to a limit.
 */
import { writeSync } from 'node:fs'
import type { Bytes, Milliseconds } from '../units.js'

/** What can't be written meanwhile is kept up to here; what comes then is lost. */
export const kept: Bytes = 256 * 1024
const retryAfter: Milliseconds = 1_000

export class LineWriter {
  readonly #onLost: (lines: number) => void
  #descriptor: number
  #pending: Buffer[] = []
  #pendingBytes: Bytes = 0
  #lost = 0
  #retry: NodeJS.Timeout | undefined

  /**
   * @param descriptor one that blocks nobody: a file, or O_NONBLOCK
   * @param onLost is told how many lines are lost, once others can be written again
   */
  constructor(descriptor: number, onLost: (lines: number) => void) {
    this.#descriptor = descriptor
    this.#onLost = onLost
  }

  /** From now on it writes there. @returns the descriptor that it had */
  moveTo(descriptor: number): number {
    const before = this.#descriptor
    this.#descriptor = descriptor
    return before
  }

  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#pendingBytes + bytes.length > kept) {
      this.#lost += 1
      return
    }
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    this.#flush()
  }

  #flush(): void {
    try {
      for (let first = this.#pending[0]; first; first = this.#pending[0]) {
        const written = writeSync(this.#descriptor, first)
        this.#pendingBytes -= written
        if (written === first.length) this.#pending.shift()
        else this.#pending[0] = first.subarray(written)
      }
    } catch {
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined
        this.#flush()
      }, retryAfter).unref()
      return
    }
    const lost = this.#lost
    this.#lost = 0
    if (lost > 0) this.#onLost(lost)
  }
}
