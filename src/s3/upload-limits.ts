/**
 * How long a request of an upload may take: a line or a server that is merely slow gets its answer through, and whoever hears
 * nothing, or something that never becomes an answer, gives up. Only bytes of the request and the end of the answer count.
 */
import type { Readable } from 'node:stream'
import { pipeline, Transform } from 'node:stream'
import type { CancelSignal } from '../cancellation.js'
import type { Clock } from '../telemetry/clock.js'
import type { Bytes, Key, Milliseconds } from '../units.js'
import { unlessAborted } from './silence.js'
import type { Flow, Traffic } from './traffic.js'

/** One request, and what is known of its size. */
export interface UploadRequest {
  readonly key: Key
  /** Of its body. */
  readonly size: Bytes
}

/** What is told of a request while it is under way. */
export interface UploadSteps {
  /** Bytes of the body have gone. */
  readonly moved: (bytes: Bytes) => void
  /** S3 has begun to answer, and says that the rest may take so long. */
  readonly begun: (limit: Milliseconds) => void
}

/** Has the name by which `failure.ts` knows what comes too late. */
class NoAnswer extends Error {
  override readonly name = 'TimeoutError'
}

/** Bytes a millisecond. Parts share a line. */
const slowest = 2
/** What this machine's buffers hold, as a rule, when the last byte seems to have gone. */
const buffered: Bytes = 256 * 1024
/** Whoever was given up for being late is given twice the time next, so many times. */
const doublings = 3
const mostRemembered = 1_000

export class UploadLimits {
  readonly #patience: Milliseconds
  readonly #traffic: Traffic
  readonly #clock: Pick<Clock, 'monotonic'>
  /** How often in a row an upload to a key was given up. */
  readonly #late = new Map<Key, number>()

  /** @param patience from the last byte of a request to the last one of its answer */
  constructor(patience: Milliseconds, traffic: Traffic, clock: Pick<Clock, 'monotonic'>) {
    this.#patience = patience
    this.#traffic = traffic
    this.#clock = clock
  }

  /**
   * @param send says when something happens
   * @throws TimeoutError if it was given up or the signal was aborted; else whatever it throws
   */
  async within<T>(
    request: UploadRequest,
    signal: CancelSignal,
    send: (signal: AbortSignal, steps: UploadSteps) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController()
    const onAbort = (): void => controller.abort()
    const flow = this.#traffic.begin('upload', request.key)
    const late = this.#late.get(request.key) ?? 0
    const limit = new Limit(request, { patience: this.#patience * 2 ** late, flow, clock: this.#clock }, () => {
      this.#noteLate(request.key, late + 1)
      controller.abort(new NoAnswer('no answer came in time'))
    })
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      const answer = await unlessAborted(send(controller.signal, limit), controller.signal)
      this.#late.delete(request.key)
      flow.answered()
      return answer
    } catch (cause) {
      throw controller.signal.aborted ? new NoAnswer('no answer came in time', { cause }) : cause
    } finally {
      limit.end()
      flow.end()
      signal.removeEventListener('abort', onAbort)
    }
  }

  #noteLate(key: Key, times: number): void {
    this.#late.delete(key)
    this.#late.set(key, Math.min(times, doublings))
    const [oldest] = this.#late.keys()
    if (this.#late.size > mostRemembered && oldest !== undefined) this.#late.delete(oldest)
  }
}

interface LimitOptions {
  readonly patience: Milliseconds
  readonly flow: Flow
  readonly clock: Pick<Clock, 'monotonic'>
}

/** The clock of one request: since its beginning, and since the last of its bytes that moved. */
class Limit implements UploadSteps {
  readonly #patience: Milliseconds
  readonly #flow: Flow
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #giveUp: () => void
  #end: Milliseconds
  #rest: Milliseconds = 0
  #timer: NodeJS.Timeout
  #movedAt: Milliseconds
  #sent: Bytes = 0

  constructor({ size }: UploadRequest, { patience, flow, clock }: LimitOptions, giveUp: () => void) {
    this.#patience = patience
    this.#flow = flow
    this.#clock = clock
    this.#movedAt = clock.monotonic()
    this.#giveUp = giveUp
    this.#end = this.#movedAt + this.#patience + size / slowest
    this.#timer = setTimeout(this.#look, this.#left())
  }

  readonly moved = (bytes: Bytes): void => {
    this.#sent += bytes
    this.#movedAt = this.#clock.monotonic()
    this.#flow.moved(bytes)
  }

  readonly begun = (limit: Milliseconds): void => {
    this.#rest = limit
    this.#end = Math.max(this.#end, this.#clock.monotonic() + limit)
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #left(): Milliseconds {
    const still = this.#movedAt + this.#patience + this.#rest + Math.min(this.#sent, buffered) / slowest
    return Math.min(this.#end, still) - this.#clock.monotonic()
  }

  readonly #look = (): void => {
    const left = this.#left()
    if (left > 0) this.#timer = setTimeout(this.#look, left)
    else this.#giveUp()
  }
}

/** The same stream, that says what is taken of it. Destroy it when it is not wanted any more. */
export function watched(body: Readable, moved: (bytes: Bytes) => void): Readable {
  const watching = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      moved(chunk.length)
      done(null, chunk)
    },
  })
  // What fails is thrown by whoever reads the stream.
  return pipeline(body, watching, () => undefined)
}
