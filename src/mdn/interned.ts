/** Texts that come again and again, by number. Partners write some of them, so there is a bound. */

const most = 10_000

export class Interned {
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []

  /** @returns -1 once there are too many */
  number(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    if (this.#texts.length >= most) return -1
    this.#numbers.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  /** The number of a text that was given one. */
  find(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  text(number: number): string | undefined {
    return this.#texts[number]
  }
}
