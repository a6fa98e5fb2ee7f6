/** One connection, on which one object is asked for at a time, and whose body is read into the memory where it is to be. */
import type { OnReadOpts, Socket } from 'node:net'
import type { CancelSignal } from '../../cancellation.js'
import type { Bytes, Milliseconds } from '../../units.js'
import { headIn, longestHead, type PlainHead } from './answer-head.js'

export interface Question {
  /** All that is sent. */
  readonly request: string
  /** Memory for the body, of just its length. Throws where the answer is not what was asked for. */
  readonly bodyFor: (head: PlainHead) => Uint8Array
  /** Called when something comes, with how many bytes of it are the body's. */
  readonly heard: (bytes: Bytes) => void
  readonly signal: CancelSignal
}

export interface Answer {
  readonly head: PlainHead
  readonly body: Uint8Array
}

interface Asked {
  readonly question: Question
  answer: { readonly head: PlainHead; readonly body: Uint8Array; filled: Bytes } | undefined
  /** @param answer undefined: it is not a usual one */
  readonly end: (answer: Answer | number | undefined) => void
}

/** A server closes a connection that is not used; the one that is closed here first is never asked in vain. */
const idleFor: Milliseconds = 15_000

export class Connection {
  readonly #socket: Socket
  /** What comes before the body is known to. */
  readonly #scratch = Buffer.allocUnsafeSlow(2 * longestHead)
  #filled: Bytes = 0
  #asked: Asked | undefined

  /**
   * @param open connects
   * @param onEnd it can't be used any more
   */
  constructor(open: (onread: OnReadOpts) => Socket, onEnd: () => void) {
    this.#socket = open({
      buffer: () => this.#room(),
      callback: (length) => {
        this.#take(length)
        return true
      },
    })
    this.#socket.setNoDelay(true).setTimeout(idleFor)
    this.#socket.on('timeout', () => this.#asked ?? this.close())
    for (const event of ['error', 'end', 'close']) this.#socket.on(event, () => this.close())
    this.#socket.once('close', onEnd)
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  /**
   * @returns the status of a refusal; undefined where the answer is anything but a usual one. The connection is closed after both
   */
  async ask(question: Question): Promise<Answer | number | undefined> {
    const { signal } = question
    const giveUp = (): void => this.close()
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      return await new Promise((resolve) => {
        this.#asked = { question, answer: undefined, end: resolve }
        this.#filled = 0
        if (signal.aborted || this.isClosed) this.close()
        else this.#socket.write(question.request, 'latin1')
      })
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** Nothing is written into anybody's memory from now on. */
  close(): void {
    this.#socket.destroy()
    this.#ended(undefined)
  }

  /** Where what comes next is to be put. */
  #room(): Uint8Array {
    const answer = this.#asked?.answer
    if (answer) return answer.filled === 0 ? answer.body : answer.body.subarray(answer.filled)
    return this.#filled === 0 ? this.#scratch : this.#scratch.subarray(this.#filled)
  }

  #take(length: Bytes): void {
    const asked = this.#asked
    // What comes unasked is the answer to nothing.
    if (!asked) {
      this.close()
      return
    }
    if (asked.answer) {
      asked.question.heard(length)
      asked.answer.filled += length
    } else this.#begin(asked, length)
    const { answer } = asked
    if (!answer || answer.filled < answer.body.length) return
    if (!answer.head.isKept) this.#socket.destroy()
    this.#ended(answer)
  }

  /** Something has come before the head is whole. */
  #begin(asked: Asked, length: Bytes): void {
    this.#filled += length
    const read = headIn(this.#scratch.subarray(0, this.#filled))
    asked.question.heard(read.kind === 'whole' ? this.#filled - read.end : 0)
    if (read.kind === 'part') return
    if (read.kind === 'refused') {
      this.#socket.destroy()
      this.#ended(read.status)
      return
    }
    try {
      if (read.kind === 'unusual') throw new Error('an unusual head')
      const body = asked.question.bodyFor(read.head)
      const rest = this.#scratch.subarray(read.end, this.#filled)
      if (rest.length > body.length) throw new Error('more than was announced')
      body.set(rest)
      asked.answer = { head: read.head, body, filled: rest.length }
    } catch {
      this.close()
    }
  }

  #ended(answer: Answer | number | undefined): void {
    const asked = this.#asked
    this.#asked = undefined
    this.#filled = 0
    asked?.end(answer)
  }
}
