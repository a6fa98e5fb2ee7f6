/** Answers that cost something to make: who asks for the same at the same time gets the same, and few are made at once. */
import { FsError } from '../errors.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'

/** Ten people who look cost as much as one. */
const keptFor: Milliseconds = 1_000
const mostAtOnce = 4

export class SharedAnswers {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #answers = new Map<string, Promise<string>>()
  readonly #over = new Map<string, Milliseconds>()
  #underWay = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** @throws FsError EBUSY when too many others are being made; what `make` throws */
  async of(question: string, make: () => Promise<string>): Promise<string> {
    this.#forget()
    const known = this.#answers.get(question)
    if (known) return known
    if (this.#underWay >= mostAtOnce) throw new FsError('EBUSY', 'Too much is asked for at the same time: ask again.')
    this.#underWay += 1
    const answer = make().finally(() => {
      this.#underWay -= 1
      this.#over.set(question, this.#clock.monotonic())
    })
    this.#answers.set(question, answer)
    return answer
  }

  #forget(): void {
    const now = this.#clock.monotonic()
    for (const [question, at] of this.#over) {
      if (now - at < keptFor) continue
      this.#over.delete(question)
      this.#answers.delete(question)
    }
  }
}
