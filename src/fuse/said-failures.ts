/**
 * Which failures of the kernel's calls are said at the level of warnings: a program that polls through an outage, or a folder that the
 * keys may not list, would fill the log with the same sentence.
 */
import type { Milliseconds } from '../units.js'

const hour: Milliseconds = 3_600_000
/** The same of the same path. */
const againAfter: Milliseconds = 24 * hour
/** Of one code, whatever the paths. */
const mostInAnHour = 10
const mostRemembered = 1_000

interface Hour {
  readonly since: Milliseconds
  readonly said: number
}

export class SaidFailures {
  /** When it was said last, by code and path; the oldest first. */
  readonly #last = new Map<string, Milliseconds>()
  readonly #hours = new Map<string, Hour>()

  /** @param now by the clock that can't step */
  isWorthSaying(code: string, path: string, now: Milliseconds): boolean {
    const id = `${code} ${path}`
    const last = this.#last.get(id)
    if (last !== undefined && now - last < againAfter) return false
    const known = this.#hours.get(code)
    const { since, said } = known && now - known.since < hour ? known : { since: now, said: 0 }
    if (said >= mostInAnHour) return false
    this.#hours.set(code, { since, said: said + 1 })
    this.#last.delete(id)
    this.#last.set(id, now)
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= mostRemembered) break
      this.#last.delete(oldest)
    }
    return true
  }
}
