/** The file of `--cursor`: replaced as a whole, and not more often than it is worth. */
import { replaceFile } from '../durable-file.js'
import { reasonOf, UsageError } from '../errors.js'
import { Cursor } from '../events/cursor.js'
import { readOwn } from '../own-files.js'
import type { Milliseconds } from '../units.js'

const saveEvery: Milliseconds = 1_000
/** Of the time, what saving may take. */
const share = 1 / 20

export class CursorFile {
  readonly cursor: Cursor
  readonly #path: string | undefined
  #saved: string
  #nextSave: Milliseconds = 0

  private constructor(path: string | undefined, cursor: Cursor, saved: string) {
    this.#path = path
    this.cursor = cursor
    this.#saved = saved
  }

  /**
   * @param path undefined: nothing is kept
   * @throws UsageError for a file that is no cursor: it is not overwritten
   */
  static async open(path: string | undefined): Promise<CursorFile> {
    if (path === undefined) return new CursorFile(undefined, new Cursor(), '')
    const text = (await readOwn(path).catch((error: unknown) => cantBe('read', path, error))) ?? ''
    if (text === '') return new CursorFile(path, new Cursor(), '')
    const cursor = Cursor.parse(text)
    if (!cursor) throw new UsageError(`${path} is no cursor of as2fs events: give another file with --cursor.`)
    return new CursorFile(path, cursor, text)
  }

  /** Saves it, if it is worth it by now. @throws UsageError if it can't be written */
  async saveInTime(): Promise<void> {
    if (performance.now() >= this.#nextSave) await this.save()
  }

  /** @throws UsageError if it can't be written */
  async save(): Promise<void> {
    const text = this.cursor.toString()
    if (this.#path === undefined || text === this.#saved) return
    const startedAt = performance.now()
    await replaceFile(this.#path, text).catch((error: unknown) => cantBe('written', this.#path ?? '', error))
    this.#saved = text
    const now = performance.now()
    this.#nextSave = now + Math.max(saveEvery, (now - startedAt) / share)
  }
}

function cantBe(done: string, path: string, error: unknown): never {
  if (error instanceof UsageError) throw error
  throw new UsageError(`The cursor ${path} can't be ${done} (${reasonOf(error)}).`)
}
