/** The figures of a mount as text for Prometheus: of what is known here, at once. It never waits for the bucket. */
import { contentType, Samples } from './samples.js'

/** Adds what it knows, in little time: all others wait meanwhile. */
export type Collector = (samples: Samples) => void

export class Metrics {
  readonly contentType = contentType
  readonly #collectors: Collector[] = []
  readonly #listeners: (() => void)[] = []

  add(...collectors: readonly Collector[]): void {
    this.#collectors.push(...collectors)
  }

  /** Called when somebody reads them: what takes longer to know may be looked at, for the next time. */
  onAsked(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** As they are now, for who may only look how long they are. */
  text(): string {
    const samples = new Samples()
    for (const collect of this.#collectors) collect(samples)
    return samples.text()
  }

  /** Somebody reads them. */
  asked(): void {
    for (const listener of this.#listeners) listener()
  }

  /** `/metrics`: for who reads them by HTTP. */
  render(): Promise<string> {
    this.asked()
    return Promise.resolve(this.text())
  }
}
