/** Stations and partners made with mkdir: a small file in the state directory, replaced whole at each change. */
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { FsError } from '../errors.js'
import type { Logger } from '../telemetry/log.js'
import { replaceFile } from '../durable-file.js'

/** A station alone, or with a partner. Raw AS2 ids. */
type Made = readonly [station: string, partner?: string]

export class PartnerSet {
  readonly #file: string
  #made: readonly Made[]
  /** The last write: the next one comes after it, and builds on what it kept. */
  #saved: Promise<void> = Promise.resolve()

  private constructor(file: string, made: readonly Made[]) {
    this.#file = file
    this.#made = made
  }

  /** Reads what was kept; a file that makes no sense is put aside, and said so. */
  static async load(directory: string, log: Logger): Promise<PartnerSet> {
    const file = join(directory, 'partners.json')
    const text = await readIfThere(file)
    if (text === undefined) return new PartnerSet(file, [])
    const made = parse(text)
    if (made) return new PartnerSet(file, made)
    const aside = `${file}.corrupt-${Date.now()}`
    await rename(file, aside)
    log.error({ file: aside }, 'The list of folders made with mkdir could not be read: put aside, starting without it.')
    return new PartnerSet(file, [])
  }

  stations(): string[] {
    return this.#made.map(([station]) => station)
  }

  partners(station: string): string[] {
    return this.#made.flatMap(([of, partner]) => (of === station && partner !== undefined ? [partner] : []))
  }

  async add(station: string, partner?: string): Promise<void> {
    const made: Made = partner === undefined ? [station] : [station, partner]
    await this.#change(() => [...this.#without(station, partner), made])
  }

  async remove(station: string, partner?: string): Promise<void> {
    await this.#change(() => this.#without(station, partner))
  }

  #without(station: string, partner?: string): Made[] {
    return this.#made.filter((made) => made[0] !== station || made[1] !== partner)
  }

  #change(next: () => readonly Made[]): Promise<void> {
    const saved = this.#saved.then(() => this.#save(next()))
    this.#saved = saved.catch(() => undefined)
    return saved
  }

  async #save(made: readonly Made[]): Promise<void> {
    try {
      await replaceFile(this.#file, JSON.stringify(made))
    } catch (cause) {
      throw new FsError('EIO', `${this.#file} can't be written.`, { key: this.#file, cause })
    }
    this.#made = made
  }
}

/** @throws FsError EIO if it is there and can't be read */
async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new FsError('EIO', `${file} can't be read.`, { key: file, cause })
  }
}

function parse(text: string): Made[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(isMade) ? value : undefined
  } catch {
    return undefined
  }
}

function isMade(value: unknown): value is Made {
  return Array.isArray(value) && value.length > 0 && value.length <= 2 && value.every((it) => typeof it === 'string')
}
