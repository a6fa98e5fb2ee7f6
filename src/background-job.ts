/** Work in the background that is done now and then: one run at a time, in a while or at once, and none once it is stopped. */
import { systemTimers, type Timers } from './telemetry/clock.js'
import type { Milliseconds } from './units.js'

/** Why a timer is given up, which nobody asks: made once, as an error costs more than all else of it. */
const isPutOff = Symbol('put off')

export class BackgroundJob {
  readonly #run: (signal: AbortSignal) => Promise<void> | void
  readonly #timers: Pick<Timers, 'pause'>
  readonly #stop = new AbortController()
  /** Aborted, it does not run when that time comes. */
  #timer: AbortController | undefined
  #running: Promise<void> | undefined
  /** It was asked for while it was running: that run may have looked already. */
  #isDueAgain = false

  /** @param run never rejects; its signal is aborted when the job is stopped */
  constructor(
    run: (signal: AbortSignal) => Promise<void> | void,
    { timers = systemTimers }: { readonly timers?: Pick<Timers, 'pause'> | undefined } = {},
  ) {
    this.#run = run
    this.#timers = timers
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** Runs at once, or once more when the run that is under way is over. */
  now(): void {
    this.putOff()
    if (this.isStopped) return
    this.#isDueAgain = this.#running !== undefined
    this.#running ??= this.#runs()
  }

  /** Runs in a while, in place of what it was to run at; a run that comes before that does for it. */
  in(delay: Milliseconds): void {
    this.putOff()
    if (this.isStopped) return
    const timer = new AbortController()
    this.#timer = timer
    void this.#timers.pause(delay, timer.signal).then(() => {
      if (!timer.signal.aborted) this.now()
    })
  }

  /** It does not run until it is asked to again. */
  putOff(): void {
    this.#timer?.abort(isPutOff)
    this.#timer = undefined
  }

  /** Resolves when no run is under way. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Resolves when the run that is under way is over. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.putOff()
    await this.#running
  }

  async #runs(): Promise<void> {
    try {
      await this.#run(this.#stop.signal)
    } finally {
      this.#running = undefined
    }
    if (this.#isDueAgain) this.now()
  }
}
