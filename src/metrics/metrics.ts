/** The figures of a mount as text for Prometheus: of what is known here, at once. It never waits for the bucket. */
import { contentType, Samples } from './samples.js'

/** Adds what it knows, in little time: all others wait meanwhile. */
export type Collector = (samples: Samples) => void

export class Metrics {
  readonly contentType = contentType
  readonly #collectors: readonly Collector[]
  readonly #onAsked: () => void

  /** @param onAsked somebody reads them: what takes longer to know may be looked at, for the next time */
  constructor(collectors: readonly Collector[], onAsked: () => void = () => undefined) {
    this.#collectors = collectors
    this.#onAsked = onAsked
  }

  /** As they are now, for who may only look how long they are. */
  text(): string {
    const samples = new Samples()
    for (const collect of this.#collectors) collect(samples)
    return samples.text()
  }

  /** Somebody reads them. */
  asked(): void {
    this.#onAsked()
  }

  /** `/metrics`: for who reads them by HTTP. */
  render(): Promise<string> {
    this.asked()
    return Promise.resolve(this.text())
  }
}
