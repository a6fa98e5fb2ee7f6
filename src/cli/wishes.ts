/**
 * What signals ask of a process that becomes a daemon, from its beginning on: while nothing is mounted yet they would end it halfway, or at
 * all (SIGHUP).
 */
import type { Milliseconds } from '../units.js'

const stopSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGQUIT']
/** npx and others hand a signal on that the terminal has sent to us already. */
const sameWish: Milliseconds = 2_000
/** As a shell has it for SIGINT. */
export const interrupted = 130

export class Wishes {
  readonly #ending = new AbortController()
  #endingSince = 0
  #reopen: () => void = () => undefined
  #endNow: () => void = () => process.exit(interrupted)
  readonly #onStop = (signal: NodeJS.Signals): void => this.end(signal)
  readonly #onHangUp = (): void => this.#reopen()

  /** @param isOfTerminal it ends with its terminal, and has no logs to be opened anew */
  constructor({ isOfTerminal = false } = {}) {
    for (const signal of stopSignals) process.on(signal, this.#onStop)
    process.on('SIGHUP', isOfTerminal ? this.#onStop : this.#onHangUp)
  }

  /** Aborted when it is to end, with a word for the log. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  /** As a signal would have it. Whoever asks again after a while wants it at once. */
  end(reason: string): void {
    if (this.ending.aborted) {
      if (performance.now() - this.#endingSince > sameWish) this.#endNow()
      return
    }
    this.#endingSince = performance.now()
    this.#ending.abort(reason)
  }

  /** Calls it once it is to end; at once, if it is already. */
  onEnd(call: (reason: string) => void): void {
    const told = (): void => call(String(this.ending.reason))
    if (this.ending.aborted) told()
    else this.ending.addEventListener('abort', told, { once: true })
  }

  /** What is done for SIGHUP from now on; before it was nothing. */
  onReopen(call: () => void): void {
    this.#reopen = call
  }

  /** What is done for who asks again; before anything is mounted, the process ends. */
  onEndNow(call: () => void): void {
    this.#endNow = call
  }

  /** Signals do what they do elsewhere. */
  release(): void {
    for (const signal of stopSignals) process.off(signal, this.#onStop)
    process.off('SIGHUP', this.#onHangUp).off('SIGHUP', this.#onStop)
  }
}
