/** The one place that answers the kernel: a deadline for each call, exactly one reply, errors to errno, one log line. */
import { constants } from 'node:os'
import { Cancellation, type CancelSignal } from '../cancellation.js'
import { FsError, type FsErrorCode } from '../errors.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import { OutcomeMeter } from '../telemetry/outcome-meter.js'
import { failureOf, toErrno } from './errno.js'
import { SaidFailures } from './said-failures.js'

export interface AnswerOptions {
  readonly log: Logger
  readonly clock: Clock
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

/** What is asked for. */
export interface Asked {
  readonly operation: string
  readonly path: string
  /** How long ago its caller began to wait; 0 where that is not known. */
  readonly age?: Milliseconds
  /** By which it is known that its caller is being killed. Only of calls that change nothing. */
  readonly id?: number
}

interface Call {
  readonly cancellation: Cancellation
  /** When its caller began to wait. */
  readonly since: Milliseconds
  readonly expiresAt: Milliseconds
  readonly asked: Asked
  readonly refuse: (errno: number) => void
}

/** Deadlines are checked together this often: a timer for each call costs more than a small read does. */
const sweepEvery: Milliseconds = 250

/**
 * What a call of the kernel means when it fails while nothing is wrong: programs look for what is not there. EMFILE, of
 * which thousands may come, is in the log already.
 */
const expected = new Set([
  'ENOENT',
  'EROFS',
  'EEXIST',
  'EPERM',
  'ENOTSUP',
  'EXDEV',
  'ENOTDIR',
  'ENOTEMPTY',
  'EISDIR',
  'EBUSY',
  'EMFILE',
])

/** In seconds: from what is known here to what waits for the bucket. */
const limitsOfTimes = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30]

export class Answerer {
  /** Of the calls that have ended: `OK`, or what they failed with. */
  readonly meter = new OutcomeMeter(limitsOfTimes)
  readonly #options: AnswerOptions
  readonly #underWay = new Set<Call>()
  readonly #said = new SaidFailures()
  /** Of these, the ones that end when their caller is killed. */
  readonly #byId = new Map<number, Call>()
  readonly #sweeper: NodeJS.Timeout
  /** A call ends so much before its deadline that none is answered after it. */
  readonly #early: Milliseconds
  #calls = 0
  #failed = 0
  #timedOut = 0

  constructor(options: AnswerOptions) {
    this.#options = options
    this.#early = Math.min(sweepEvery, options.deadline / 10)
    this.#sweeper = setInterval(() => this.#sweep(), sweepEvery).unref()
  }

  get counts(): CallCounts {
    return { calls: this.#calls, failed: this.#failed, timedOut: this.#timedOut, underWay: this.#underWay.size }
  }

  /**
   * Runs an operation and replies once, whatever happens.
   * @param reply is called with what `run` gave; if it throws, the call fails
   * @param refuse is called with a negative errno instead
   * @param run must not touch the kernel's memory once its signal is aborted
   */
  answer<T>(
    asked: Asked,
    reply: (result: T) => void,
    refuse: (errno: number) => void,
    run: (signal: CancelSignal) => Promise<T>,
  ): void {
    this.#calls += 1
    const cancellation = new Cancellation()
    const since = this.#options.clock.monotonic() - (asked.age ?? 0)
    const expiresAt = since + this.#options.deadline - this.#early
    const call: Call = { cancellation, since, expiresAt, asked, refuse }
    this.#underWay.add(call)
    if (asked.id !== undefined) this.#byId.set(asked.id, call)
    const failed = (error: unknown) => {
      const code = failureOf(error)
      this.#end(call, code, () => refuse(this.#note(asked, error, code)))
    }
    const succeeded = (result: T) => this.#end(call, 'OK', () => reply(result))
    try {
      run(cancellation).then(succeeded, failed)
    } catch (error) {
      failed(error)
    }
  }

  /** Whoever called is being killed: it is let go, and what was done for it is given up. */
  abandon(id: number): void {
    const call = this.#byId.get(id)
    if (!call) return
    this.#end(call, 'EINTR', () => call.refuse(-constants.errno.EINTR))
    call.cancellation.abort()
  }

  close(): void {
    clearInterval(this.#sweeper)
  }

  /** Only the first end of a call counts: the kernel's request is gone after it. */
  #end(call: Call, code: string, act: () => void): void {
    if (!this.#underWay.delete(call)) return
    const { id, operation } = call.asked
    if (id !== undefined) this.#byId.delete(id)
    const ended = (as: string): void => this.meter.ended(operation, as, this.#options.clock.monotonic() - call.since)
    try {
      act()
      ended(code)
    } catch (error) {
      // A result that can't be told: whoever waits for it is told that.
      ended('EIO')
      this.#options.log.error({ ...call.asked, err: error }, 'an answer could not be given')
      try {
        call.refuse(-constants.errno.EIO)
      } catch {
        // It had been given after all.
      }
    }
  }

  #sweep(): void {
    const now = this.#options.clock.monotonic()
    for (const call of this.#underWay) {
      if (call.expiresAt > now) continue
      this.#end(call, 'ETIMEDOUT', () => call.refuse(this.#expired(call.asked)))
      call.cancellation.abort()
    }
  }

  #expired(asked: Asked): number {
    this.#timedOut += 1
    const message = `no answer within ${this.#options.deadline} ms`
    return this.#note(asked, new FsError('ETIMEDOUT', message, { key: asked.path }), 'ETIMEDOUT')
  }

  #note({ operation, path }: Asked, error: unknown, failure: FsErrorCode): number {
    this.#failed += 1
    const errno = toErrno(failure)
    const { log, clock } = this.#options
    if (!(error instanceof FsError)) log.error({ operation, path, err: error }, `${operation} failed unexpectedly: EIO`)
    else {
      const { code, key } = error
      const fields = { operation, path, code, key }
      // Shells try whether they may run each file that they complete.
      const isNone = operation === 'getxattr' && code === 'ENODATA'
      const isExpected = expected.has(code) || operation === 'access' || isNone
      if (isExpected || !this.#said.isWorthSaying(code, path, clock.monotonic())) log.debug(fields, error.message)
      else log.warn(fields, error.message)
    }
    return errno
  }
}
