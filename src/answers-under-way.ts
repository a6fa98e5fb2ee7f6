/** The answers of an HTTP server that are not read to their end. To Node's own close() one is over that only waits to be read: it cuts it off. */
import type { ServerResponse } from 'node:http'

export class AnswersUnderWay {
  readonly #answers = new Set<ServerResponse>()
  #onOver: (() => void) | undefined

  begun(answer: ServerResponse): void {
    this.#answers.add(answer)
    answer.once('close', () => {
      this.#answers.delete(answer)
      if (this.#answers.size === 0) this.#onOver?.()
    })
  }

  /** All are read, or their readers are gone. */
  over(): Promise<void> {
    if (this.#answers.size === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#onOver = resolve))
  }
}
