/** What a process must give back before it ends: the last one first, each by itself, none waited for without end. */
import { inTime, late } from '../patience.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'

/** A disk that hangs must not keep the process, whose end gives everything back as well. */
const defaultPatience: Milliseconds = 15_000

interface Owned {
  /** For the log. */
  readonly what: string
  readonly giveBack: () => Promise<void> | void
  readonly patience: Milliseconds
}

export class Owning {
  readonly #log: Logger
  readonly #owned: Owned[] = []
  #isStuck = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** Something took longer than it may: of what it does nothing is known, only the end of the process ends it. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  add(what: string, giveBack: () => Promise<void> | void, patience = defaultPatience): void {
    this.#owned.push({ what, giveBack, patience })
  }

  /** Gives back what was added, from the last on. A step that fails or hangs is logged, and the next one follows. Never throws. */
  async giveBackAll(): Promise<void> {
    for (let it = this.#owned.pop(); it; it = this.#owned.pop()) await this.#giveBack(it)
  }

  /** One step of the end, with the same care. Never throws. */
  attempt(what: string, step: () => Promise<void> | void, patience = defaultPatience): Promise<void> {
    return this.#giveBack({ what, giveBack: step, patience })
  }

  async #giveBack({ what, giveBack, patience }: Owned): Promise<void> {
    try {
      if ((await inTime(Promise.resolve().then(giveBack), patience)) !== late) return
      this.#isStuck = true
      this.#log.error({ step: what }, `Ending: ${what} takes too long; going on without.`)
    } catch (err) {
      this.#log.error({ err, step: what }, `Ending: ${what} failed; going on.`)
    }
  }
}
