/** The one place that answers the kernel: a deadline for each call, exactly one reply, errors to errno, one log line. */
import { FsError } from '../errors.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import { toErrno } from './errno.js'

export interface AnswerOptions {
  readonly log: Logger
  /** `--op-timeout` */
  readonly deadline: Milliseconds
}

/** Numbers of kernel calls, for `status`. */
export interface CallCounts {
  readonly calls: number
  readonly failed: number
  readonly timedOut: number
  readonly underWay: number
}

interface Call {
  readonly controller: AbortController
  readonly expiresAt: number
  readonly expire: () => void
}

/** Deadlines are checked together this often: a timer for each call costs more than a small read does. */
const sweepEvery: Milliseconds = 250

/**
 * What a call of the kernel means when it fails while nothing is wrong: programs look for what is not there. EMFILE, of
 * which thousands may come, is in the log already.
 */
const expected = new Set([
  ...['ENOENT', 'EROFS', 'EEXIST', 'EPERM', 'ENOTSUP', 'EXDEV', 'ENOTDIR', 'EISDIR', 'EBUSY', 'EMFILE'],
])

export class Answerer {
  readonly #options: AnswerOptions
  /** In order of their start, so of their deadlines. */
  readonly #underWay = new Set<Call>()
  readonly #sweeper: NodeJS.Timeout
  #calls = 0
  #failed = 0
  #timedOut = 0

  constructor(options: AnswerOptions) {
    this.#options = options
    this.#sweeper = setInterval(() => this.#sweep(), sweepEvery).unref()
  }

  get counts(): CallCounts {
    return { calls: this.#calls, failed: this.#failed, timedOut: this.#timedOut, underWay: this.#underWay.size }
  }

  /**
   * Runs an operation and replies once, whatever happens.
   * @param reply is called with what `run` gave
   * @param refuse is called with a negative errno instead
   * @param run must not touch the kernel's memory once its signal is aborted
   */
  answer<T>(
    operation: string,
    path: string,
    reply: (result: T) => void,
    refuse: (errno: number) => void,
    run: (signal: AbortSignal) => Promise<T>,
  ): void {
    this.#calls += 1
    const controller = new AbortController()
    const call: Call = {
      controller,
      expiresAt: performance.now() + this.#options.deadline,
      expire: () => this.#end(call, () => refuse(this.#expired(operation, path))),
    }
    this.#underWay.add(call)
    const failed = (error: unknown) => this.#end(call, () => refuse(this.#note(operation, path, error)))
    try {
      run(controller.signal).then((result) => this.#end(call, () => reply(result)), failed)
    } catch (error) {
      failed(error)
    }
  }

  close(): void {
    clearInterval(this.#sweeper)
  }

  /** Only the first end of a call counts: the kernel's request is gone after it. */
  #end(call: Call, act: () => void): void {
    if (!this.#underWay.delete(call)) return
    act()
  }

  #sweep(): void {
    const now = performance.now()
    for (const call of this.#underWay) {
      if (call.expiresAt > now) return
      call.expire()
      call.controller.abort()
    }
  }

  #expired(operation: string, path: string): number {
    this.#timedOut += 1
    const message = `no answer within ${this.#options.deadline} ms`
    return this.#note(operation, path, new FsError('ETIMEDOUT', message, { key: path }))
  }

  #note(operation: string, path: string, error: unknown): number {
    this.#failed += 1
    const errno = toErrno(error)
    const { log } = this.#options
    if (!(error instanceof FsError)) log.error({ operation, path, err: error }, `${operation} failed unexpectedly: EIO`)
    else {
      const { code, key } = error
      const fields = { operation, path, code, key }
      if (expected.has(code)) log.debug(fields, error.message)
      else log.warn(fields, error.message)
    }
    return errno
  }
}
