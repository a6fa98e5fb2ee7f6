/** Asks the daemon: one question at a time for each thing, not too often, and never without an end. */

/** What it said, or why it did not: a sentence of its own, or nothing at all. */
export type Answer<T> =
  | { readonly kind: 'told'; readonly value: T }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'silent' }

/** For what is known at once. */
const patience = 20_000
/** For what the bucket may have to be asked for, and gone through. */
export const longPatience = 120_000
/** Between two answers to the same question. */
const pause = 2_000

/** @param path below this page, without a name and password that its own URL may have: with them nothing can be fetched */
export function beside(path: string): string {
  return new URL(path, location.origin + location.pathname).href
}

/** @param path below this page */
export async function ask<T>(path: string, limit = patience): Promise<Answer<T>> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), limit)
  try {
    const response = await fetch(beside(path), { signal: over.signal, cache: 'no-store', credentials: 'same-origin' })
    const body = (await response.json()) as unknown
    if (response.ok) return { kind: 'told', value: body as T }
    const why = typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : response.statusText
    return { kind: 'refused', why }
  } catch {
    return { kind: 'silent' }
  } finally {
    clearTimeout(timer)
  }
}

/** Does the same again whenever there is reason to: soon, but not while it is being done, and not more often than makes sense. */
export class Repeated {
  readonly #act: () => Promise<void>
  readonly #rest: number
  #isRunning = false
  #isWanted = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param rest so many times as long as it took it is not done again */
  constructor(act: () => Promise<void>, rest = 0) {
    this.#act = act
    this.#rest = rest
  }

  want(): void {
    this.#isWanted = true
    if (!this.#isRunning && this.#timer === undefined) void this.#run()
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    this.#isWanted = false
    const begin = performance.now()
    try {
      await this.#act()
    } finally {
      this.#isRunning = false
      this.#timer = setTimeout(
        () => {
          this.#timer = undefined
          if (this.#isWanted) void this.#run()
        },
        Math.max(pause, this.#rest * (performance.now() - begin)),
      )
    }
  }
}
