/** The files of `.as2fs/`, made by the daemon when somebody looks. */
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'

/** One rendering of a control file. */
export interface Snapshot {
  readonly bytes: Uint8Array
  readonly madeAt: EpochMs
}

/**
 * How long a rendering is shown: longer than the second for which the kernel keeps a file's size, so that a program
 * that looked at the size reads the bytes that go with it, and never half a JSON document.
 */
const snapshotLife: Milliseconds = 1_500

/** A file whose content is rendered from the daemon's state. */
export class ControlFile {
  readonly #render: () => unknown
  readonly #clock: Clock
  #snapshot: Snapshot | undefined

  /** @param render gives a value to be shown as JSON */
  constructor(render: () => unknown, clock: Clock) {
    this.#render = render
    this.#clock = clock
  }

  snapshot(): Snapshot {
    const now = this.#clock.now()
    if (!this.#snapshot || now - this.#snapshot.madeAt >= snapshotLife) {
      const bytes = Buffer.from(`${JSON.stringify(this.#render(), undefined, 2)}\n`)
      this.#snapshot = { bytes, madeAt: now }
    }
    return this.#snapshot
  }
}
