/** Where a follower is told over HTTP: his connection, until he is gone. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FollowLine } from './event.js'
import type { FollowerLines } from './follower.js'

/** `write` throws when whoever asked is gone. */
export abstract class ResponseLines implements FollowerLines {
  protected readonly response: ServerResponse
  readonly #gone = new AbortController()

  constructor(response: ServerResponse) {
    this.response = response
    response.on('close', () => this.#gone.abort())
    response.on('error', () => this.#gone.abort())
  }

  /** Aborted when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** @see FollowerLines.drained */
  async drained(): Promise<void> {
    await once(this.response, 'drain', { signal: this.gone })
  }

  abstract write(line: FollowLine): boolean
}
