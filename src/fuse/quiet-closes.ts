/** Closes that the binding answers by itself, and tells of several at a time: so that no few of them wait long, they are asked for. */
import type { Milliseconds } from '../units.js'

const askEvery: Milliseconds = 250

export class QuietCloses {
  readonly #ask: () => void
  #open = 0
  #asking: NodeJS.Timeout | undefined

  constructor(ask: () => void) {
    this.#ask = ask
  }

  /** One is open whose close will be told so. */
  opened(): void {
    this.#open += 1
    this.#asking ??= setInterval(this.#ask, askEvery).unref()
  }

  closed(): void {
    this.#open -= 1
    if (this.#open > 0) return
    clearInterval(this.#asking)
    this.#asking = undefined
  }
}
