/** Refused keys: nothing is uploaded until there are new ones. One small request now and then asks, not every file. */
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
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #asking: Promise<void> = Promise.resolve()
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
    this.#later()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#asking
  }

  #later(): void {
    if (this.#stop.signal.aborted) return
    this.#timer = setTimeout(() => {
      this.#asking = this.#ask()
    }, askEvery)
  }

  async #ask(): Promise<void> {
    if (await this.#areRefused()) {
      this.#later()
      return
    }
    this.#isShut = false
    if (!this.#stop.signal.aborted) this.#options.onOpen()
  }

  async #areRefused(): Promise<boolean> {
    const { store, prefix } = this.#options
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(patience)])
    try {
      await store.list({ prefix, maxKeys: 1 }, signal)
      return false
    } catch (error) {
      // Any other refusal is about the listing: the keys are known again.
      return error instanceof StoreError && (error.failure === 'credentials' || error.failure === 'transient')
    }
  }
}
