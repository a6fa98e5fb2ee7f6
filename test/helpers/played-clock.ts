/** A clock that a test plays: time passes when it says so, and whatever waits for it then goes on. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timers } from '../../src/telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../../src/units.js'

interface Due {
  readonly at: Milliseconds
  readonly run: () => void
}

/** What is answered from memory alone is answered after so many turns of the event loop. */
const turns = 3

export class PlayedClock implements Clock, Timers {
  readonly #epoch: EpochMs
  #passed: Milliseconds = 0
  #due: Due[] = []

  constructor(epoch: EpochMs = Date.UTC(2026, 2, 2)) {
    this.#epoch = epoch
  }

  now(): EpochMs {
    return this.#epoch + this.#passed
  }

  monotonic(): Milliseconds {
    return this.#passed
  }

  timeout(after: Milliseconds): AbortSignal {
    const controller = new AbortController()
    this.#at(after, () => controller.abort(new DOMException('The played time is over.', 'TimeoutError')))
    return controller.signal
  }

  pause(time: Milliseconds, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      this.#at(time, resolve)
    })
  }

  /** Lets so much time pass, and what is due in it happen one after the other. */
  async advance(by: Milliseconds): Promise<void> {
    const end = this.#passed + by
    for (let next = this.#next(end); next; next = this.#next(end)) await this.#run(next)
    this.#passed = end
    await idle()
  }

  /**
   * Waits for something, and plays as much time as it takes.
   * @returns the time that it took
   * @throws Error where it takes longer than it may
   */
  async play(what: Promise<unknown>, most: Milliseconds): Promise<Milliseconds> {
    const since = this.#passed
    const ended = new Set<Promise<unknown>>()
    const end = () => ended.add(what)
    what.then(end, end)
    for (;;) {
      await idle(() => ended.size > 0)
      if (ended.size > 0) return this.#passed - since
      const next = this.#next(since + most)
      if (!next) throw new Error(`no answer within ${most} ms`)
      await this.#run(next)
    }
  }

  #at(after: Milliseconds, run: () => void): void {
    this.#due.push({ at: this.#passed + after, run })
  }

  #next(end: Milliseconds): Due | undefined {
    let first: Due | undefined
    for (const due of this.#due) if (due.at <= end && (!first || due.at < first.at)) first = due
    return first
  }

  async #run(due: Due): Promise<void> {
    this.#due = this.#due.filter((it) => it !== due)
    this.#passed = Math.max(this.#passed, due.at)
    due.run()
    await nextTurn()
  }
}

/** Whatever needs no time has happened: a disk takes none, however long it takes. @param isEnough it need not be waited for */
export async function idle(isEnough: () => boolean = () => false): Promise<void> {
  for (let turn = 0; turn < turns && !isEnough(); turn += 1) {
    await nextTurn()
    if (isDiskBusy()) turn = -1
  }
}

function isDiskBusy(): boolean {
  return process.getActiveResourcesInfo().some((it) => it === 'FSReqPromise' || it === 'CloseReq')
}
