/** stdout and stderr, of which it is known whether all was written: Node takes a short write to a file for a whole one. */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { getSystemErrorMap } from 'node:util'
import { codeOf, reasonOf } from '../errors.js'

/** What was to be printed is not there, or not all of it. */
export class OutputError extends Error {
  override readonly name = 'OutputError'

  constructor(cause: unknown) {
    super(`The output could not be written: ${inWords(cause)}.`, { cause })
  }
}

type Stream = NodeJS.WriteStream & { readonly fd: number }

export class Output {
  readonly #stream: Stream
  readonly #onReaderGone: () => void
  #failure: OutputError | undefined
  #isReaderGone = false

  /** @param onReaderGone of a pipe, which is no failure */
  constructor(stream: Stream, onReaderGone: () => void) {
    this.#stream = stream
    this.#onReaderGone = onReaderGone
    stream.on('error', (error: unknown) => this.#failed(error))
  }

  /** Never throws. After a failure nothing more is written: it would stand behind a gap. */
  write(text: string): void {
    if (this.#failure || this.#isReaderGone) return
    if (this.#isWaiting()) {
      this.#stream.write(text)
      return
    }
    try {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length;) at += writeSync(this.#stream.fd, bytes, at)
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Resolves once all is with the kernel, however slowly it is read. @throws OutputError */
  async written(): Promise<void> {
    if (this.#isWaiting() && !this.#failure && !this.#isReaderGone) {
      await new Promise<void>((resolve) => {
        this.#stream.write('', (error) => {
          if (error) this.#failed(error)
          resolve()
        })
      })
    }
    if (this.#failure) throw this.#failure
  }

  /** A terminal, a pipe or a socket: what it does not take at once waits for its turn. */
  #isWaiting(): boolean {
    return this.#stream instanceof Socket
  }

  #failed(error: unknown): void {
    if (this.#isReaderGone) return
    if (codeOf(error) !== 'EPIPE') {
      this.#failure ??= new OutputError(error)
      return
    }
    this.#isReaderGone = true
    this.#onReaderGone()
  }
}

function inWords(error: unknown): string {
  const code = codeOf(error)
  const [, words] = [...getSystemErrorMap().values()].find(([name]) => name === code) ?? []
  return words === undefined ? reasonOf(error) : `${words} (${code ?? ''})`
}
