/** The file of the log: appended to at once, opened anew on request, and never in the way of who writes to it. */
import { closeSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { openOwnLog } from '../own-files.js'
import { LineWriter } from './line-writer.js'

export class LogFile {
  readonly #path: string
  readonly #lines: LineWriter

  /** @throws the system's own error, or NotOursError */
  constructor(path: string, onLost: (lines: number) => void) {
    this.#path = path
    mkdirSync(dirname(path), { recursive: true })
    this.#lines = new LineWriter(openOwnLog(path), onLost)
  }

  /** Goes on in the file that has the name now. @throws as the constructor; then the old file stays */
  reopen(): void {
    closeSync(this.#lines.moveTo(openOwnLog(this.#path)))
  }

  /** Never throws. */
  write(line: string): void {
    this.#lines.write(line)
  }
}
