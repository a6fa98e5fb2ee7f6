/** The file of the log: appended to at once, opened anew on request, and never in the way of who writes to it. */
import { closeSync, mkdirSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { openOwnLog } from '../own-files.js'
import type { Bytes } from '../units.js'

/** What can't be written meanwhile is kept up to here; what comes then is lost. */
export const kept: Bytes = 256 * 1024

export class LogFile {
  readonly #path: string
  #descriptor: number
  /** What a failed write has left, to come with the next line. */
  #pending: Buffer[] = []
  #pendingBytes: Bytes = 0

  /** @throws the system's own error, or NotOursError */
  constructor(path: string) {
    this.#path = path
    mkdirSync(dirname(path), { recursive: true })
    this.#descriptor = openOwnLog(path)
  }

  /** Goes on in the file that has the name now. @throws as the constructor; then the old file stays */
  reopen(): void {
    const descriptor = openOwnLog(this.#path)
    closeSync(this.#descriptor)
    this.#descriptor = descriptor
  }

  /** Never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#pendingBytes + bytes.length > kept) return
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    try {
      for (let first = this.#pending[0]; first; first = this.#pending[0]) {
        const written = writeSync(this.#descriptor, first)
        this.#pendingBytes -= written
        if (written === first.length) this.#pending.shift()
        else this.#pending[0] = first.subarray(written)
      }
    } catch {
      // A full disk, most likely.
    }
  }
}
