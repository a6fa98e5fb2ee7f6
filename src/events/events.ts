/** Who follows what happens, each on its own. */
import { FsError } from '../errors.js'
import type { EventLog } from './event-log.js'
import { Follower, type Beginning, type FollowerLines, type FollowerOptions } from './follower.js'

/** Each has a connection. */
const mostFollowers = 64

export interface EventsOptions extends Omit<FollowerOptions, 'log'> {
  /** Undefined: it could not be opened. */
  readonly log: EventLog | undefined
}

export class Events {
  readonly #options: EventsOptions
  #followers = 0

  constructor(options: EventsOptions) {
    this.#options = options
  }

  /**
   * Resolves when all is told; where somebody follows, when the signal is aborted.
   * @throws FsError if nobody can follow now
   */
  async follow(beginning: Beginning, lines: FollowerLines, signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    if (!log) throw new FsError('EIO', 'The log of events can’t be used: the log of the daemon says why.')
    if (this.#followers >= mostFollowers) {
      throw new FsError('EBUSY', `${mostFollowers} programs follow the events of this mount already: end one of them.`)
    }
    this.#followers += 1
    try {
      await new Follower({ ...this.#options, log }, lines, beginning).run(signal)
    } finally {
      this.#followers -= 1
    }
  }
}
