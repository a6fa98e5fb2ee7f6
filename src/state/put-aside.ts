/** What was put aside in a state directory: a problem until somebody has dealt with it, by taking it away. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { putAsideJournal } from '../journal/put-aside-name.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'

/** Who asks for the status often has it looked for no more often than that. */
const lookEvery: Milliseconds = 1_000

export class PutAside {
  readonly #directory: string
  readonly #clock: Pick<Clock, 'monotonic'>
  #problems: readonly string[] = []
  #lookedAt: Milliseconds = -Infinity

  private constructor(directory: string, clock: Pick<Clock, 'monotonic'>) {
    this.#directory = directory
    this.#clock = clock
  }

  /** @param directory the state directory, after its journal was read */
  static async of(directory: string, clock: Pick<Clock, 'monotonic'>): Promise<PutAside> {
    const aside = new PutAside(directory, clock)
    await aside.#look()
    return aside
  }

  /** One sentence for each kind of thing. As of the last look; the next one is begun. */
  problems(): readonly string[] {
    if (this.#clock.monotonic() - this.#lookedAt >= lookEvery) void this.#look()
    return this.#problems
  }

  async #look(): Promise<void> {
    this.#lookedAt = this.#clock.monotonic()
    const spool = join(this.#directory, 'spool')
    const strangers = join(spool, 'lost+found')
    const marks = join(this.#directory, 'new')
    const [found, journals, lists, taken] = await Promise.all([
      namesIn(strangers),
      namesIn(spool, putAsideJournal),
      namesIn(this.#directory, /\.corrupt-\d+$/),
      namesIn(marks, putAsideJournal),
    ])
    this.#problems = [
      ...(found.length === 0
        ? []
        : [
            `${counted(found)} that the journal does not know: see what was not sent, copy that into send/, then delete what is in ${strangers}.`,
          ]),
      ...journals.map(
        (it) =>
          `The journal of send/ was damaged: see with as2fs queue whether all is there that waits, then delete ${join(spool, it)}.`,
      ),
      ...taken.map(
        (it) =>
          `It is not certain what was taken in new/, which is closed for that: as2fs new with --take-all or --reset, of each partner, ` +
          `says what is so from now on, or look which files in it you have; then delete ${join(marks, it)}.`,
      ),
      ...lists.map(
        (it) =>
          `A list of partners was damaged: make with mkdir those that are missing, then delete ${join(this.#directory, it)}.`,
      ),
    ]
  }
}

function counted(names: readonly string[]): string {
  return names.length === 1 ? 'The spool had 1 file' : `The spool had ${names.length} files`
}

async function namesIn(folder: string, pattern?: RegExp): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return pattern ? names.filter((it) => pattern.test(it)) : names
}
