/** Hears from the daemon that something has happened, as it happens; where it can't, and besides, time goes by. */

import { beside } from './asking.js'

export interface FollowingOptions {
  /** Something has happened. */
  readonly onEvent: (event: string) => void
  /** Connected anew: what happened before is not told. */
  readonly onOpen: () => void
}

/** It is told something every five seconds. */
const silentFor = 20_000
/** Where the daemon has no place for another who follows, or a proxy in between lets no stream through. */
const tryAgainAfter = 60_000

export class Following {
  readonly #options: FollowingOptions
  #source: EventSource | undefined
  #silence: ReturnType<typeof setTimeout> | undefined
  #again: ReturnType<typeof setTimeout> | undefined

  constructor(options: FollowingOptions) {
    this.#options = options
  }

  /** Whether things are told as they happen. */
  get isLive(): boolean {
    return this.#source?.readyState === EventSource.OPEN
  }

  start(): void {
    this.stop()
    const source = new EventSource(beside('api/events'))
    this.#source = source
    source.onopen = () => {
      this.#heard()
      this.#options.onOpen()
    }
    source.onerror = () => {
      // By itself the browser comes back only to who was there.
      if (source.readyState === EventSource.CLOSED) this.#later(tryAgainAfter)
    }
    source.onmessage = ({ data }: MessageEvent<string>) => {
      this.#heard()
      this.#options.onEvent(nameIn(data))
    }
    source.addEventListener('progress', () => this.#heard())
  }

  /** Nobody looks: then nothing is looked at for it either. */
  stop(): void {
    clearTimeout(this.#silence)
    clearTimeout(this.#again)
    this.#source?.close()
    this.#source = undefined
  }

  #heard(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.start(), silentFor)
  }

  #later(time: number): void {
    clearTimeout(this.#again)
    this.#again = setTimeout(() => this.start(), time)
  }
}

function nameIn(data: string): string {
  try {
    return String((JSON.parse(data) as { event?: unknown }).event)
  } catch {
    return ''
  }
}
