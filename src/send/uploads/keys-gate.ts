/** Refused keys: nothing is uploaded until there are new ones. One small request now and then asks, not every file. */
import type { CancelSignal } from '../../cancellation.js'
import { BackgroundJob } from '../../background-job.js'
import { within } from '../../patience.js'
import type { Store } from '../../s3/store.js'
import { StoreError } from '../../s3/store-error.js'
import type { Milliseconds, Prefix } from '../../units.js'

export interface KeysGateOptions {
  readonly store: Store
  /** What is listed to ask: one key of it. */
  readonly prefix: Prefix
  readonly onOpen: () => void
}

/** As often as a file with keys is looked at. */
const askEvery: Milliseconds = 2_000
const patience: Milliseconds = 20_000

export class KeysGate {
  readonly #options: KeysGateOptions
  readonly #asking = new BackgroundJob((signal) => this.#ask(signal))
  #isShut = false

  constructor(options: KeysGateOptions) {
    this.#options = options
  }

  get isShut(): boolean {
    return this.#isShut
  }

  shut(): void {
    if (this.#isShut) return
    this.#isShut = true
    this.#asking.in(askEvery)
  }

  close(): Promise<void> {
    return this.#asking.stop()
  }

  async #ask(stop: CancelSignal): Promise<void> {
    if (await within(patience, stop, (signal) => this.#areRefused(signal))) {
      this.#asking.in(askEvery)
      return
    }
    this.#isShut = false
    if (!stop.aborted) this.#options.onOpen()
  }

  async #areRefused(signal: CancelSignal): Promise<boolean> {
    const { store, prefix } = this.#options
    try {
      await store.list({ prefix, maxKeys: 1 }, signal)
      return false
    } catch (error) {
      // Any other refusal is about the listing: the keys are known again.
      return error instanceof StoreError && (error.failure === 'credentials' || error.failure === 'transient')
    }
  }
}
