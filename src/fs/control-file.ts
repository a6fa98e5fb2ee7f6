/** A file of `.as2fs/`, made by the daemon when somebody looks. */
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'

/** One rendering of a control file. */
export interface Snapshot {
  readonly bytes: Uint8Array
  readonly madeAt: EpochMs
}

interface Dated extends Snapshot {
  /** The same as `madeAt`, by the clock that never steps. */
  readonly since: Milliseconds
}

/** For so long the same rendering is shown to all who look. */
const freshFor: Milliseconds = 250

/**
 * A file whose content is rendered from the daemon's state. Many programs ask for the size, before they open it or after that,
 * and read just so many bytes: so what is opened is never longer than any size that somebody may still go by, no size that is
 * told is shorter than what somebody has open, and no document is cut.
 */
export class ControlFile {
  readonly #render: () => string
  readonly #onOpened: () => void
  readonly #sizeHolds: Milliseconds
  readonly #clock: Clock
  /** In the order of `shownAt`, the time at which its size was told last. */
  #shown: { readonly snapshot: Dated; readonly shownAt: Milliseconds }[] = []
  readonly #open: Snapshot[] = []
  /** What is shown while somebody has it open, for a while: a program that packs it looks whether it changed meanwhile. */
  #pinned: Dated | undefined

  /**
   * @param render gives what is shown
   * @param sizeHolds for how long somebody may go by a size that was told
   * @param onOpened told of each who opens it
   */
  constructor(render: () => string, sizeHolds: Milliseconds, clock: Clock, onOpened: () => void = () => undefined) {
    this.#render = render
    this.#onOpened = onOpened
    this.#sizeHolds = sizeHolds
    this.#clock = clock
  }

  /** For those who ask for size and time. */
  shown(): Snapshot {
    return this.#current()
  }

  /** For those who read; to be followed by `closed` with what it gives. */
  opened(): Snapshot {
    this.#onOpened()
    const newest = this.#current()
    const snapshot = this.#shown.reduce((best, { snapshot }) => (isBetter(snapshot, best) ? snapshot : best), newest)
    if (this.#open.length === 0) this.#pinned = snapshot
    this.#open.push(snapshot)
    return snapshot
  }

  closed(snapshot: Snapshot): void {
    this.#open.splice(this.#open.indexOf(snapshot), 1)
    if (this.#open.length === 0) this.#pinned = undefined
  }

  #current(): Dated {
    const now = this.#clock.monotonic()
    // Counted from its making: who looks again and again must see what comes after it.
    const pinned = this.#pinned && now - this.#pinned.since < this.#sizeHolds ? this.#pinned : undefined
    const last = this.#shown.at(-1)?.snapshot
    const snapshot = pinned ?? (last && now - last.since < freshFor ? last : this.#made(now))
    const others = this.#shown.filter((it) => it.snapshot !== snapshot && now - it.shownAt < this.#sizeHolds)
    this.#shown = [...others, { snapshot, shownAt: now }]
    return snapshot
  }

  #made(since: Milliseconds): Dated {
    const longest = this.#open.reduce((most, { bytes }) => Math.max(most, bytes.length), 0)
    const rendered = Buffer.from(this.#render())
    const lacking = Buffer.alloc(Math.max(0, longest - rendered.length), '\n')
    return { bytes: Buffer.concat([rendered, lacking]), madeAt: this.#clock.now(), since }
  }
}

/** Of those that are as short the newest, so that who reads again never sees what was before that. */
function isBetter(one: Dated, other: Dated): boolean {
  const [length, than] = [one.bytes.length, other.bytes.length]
  return length < than || (length === than && one.since > other.since)
}
