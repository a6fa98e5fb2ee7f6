/** The bar that `as2fs umount` draws on a terminal. */
import { SingleBar } from 'cli-progress'
import { Writable } from 'node:stream'
import type { Bytes } from '../units.js'
import type { Display, Left } from './drain-progress.js'
import { bytes, counted } from './format.js'
import type { Io } from './io.js'

const width = 30

export class DrainBar implements Display {
  readonly #io: Io
  #bar: SingleBar | undefined
  #total: Bytes = 0

  constructor(io: Io) {
    this.#io = io
  }

  show(left: Left): void {
    this.#total = Math.max(this.#total, left.bytes)
    const payload = { files: counted(left.files, 'file'), left: bytes(left.bytes) }
    const done = this.#total - left.bytes
    if (this.#bar) {
      this.#bar.setTotal(this.#total)
      this.#bar.update(done, payload)
      return
    }
    const format = 'Uploading [{bar}] {percentage} %  {files}, {left} left'
    const stream = terminal(this.#io)
    this.#bar = new SingleBar({ format, stream, barsize: width, barCompleteChar: '#', barIncompleteChar: '-', fps: 10 })
    this.#bar.start(this.#total, done, payload)
  }

  end(): void {
    this.#bar?.stop()
  }
}

/** The bar wants a stream that is a terminal. */
function terminal(io: Io): NodeJS.WritableStream {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      io.err(chunk.toString())
      done()
    },
  })
  return Object.assign(stream, { isTTY: true, columns: io.columns ?? 80 })
}
