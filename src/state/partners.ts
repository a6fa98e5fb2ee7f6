/** Stations and partners made with mkdir: a small file in the state directory, replaced whole at each change. */
import { join } from 'node:path'
import type { Logger } from '../telemetry/log.js'
import { readPairs, writePairs, type Pair } from './pairs-file.js'

export class PartnerSet {
  readonly #file: string
  #made: readonly Pair[]
  /** The last write: the next one comes after it, and builds on what it kept. */
  #saved: Promise<void> = Promise.resolve()

  private constructor(file: string, made: readonly Pair[]) {
    this.#file = file
    this.#made = made
  }

  /** Reads what was kept; a file that makes no sense is put aside, and said so. */
  static async load(directory: string, log: Logger): Promise<PartnerSet> {
    const file = join(directory, 'partners.json')
    return new PartnerSet(file, await readPairs(file, 'folders made with mkdir', log))
  }

  get size(): number {
    return this.#made.length
  }

  stations(): string[] {
    return this.#made.map(([station]) => station)
  }

  partners(station: string): string[] {
    return this.#made.flatMap(([of, partner]) => (of === station && partner !== undefined ? [partner] : []))
  }

  /** @throws FsError EIO if it can't be written down */
  async add(station: string, partner?: string): Promise<void> {
    const made: Pair = partner === undefined ? [station] : [station, partner]
    await this.#change(() => [...this.#without(station, partner), made])
  }

  /** @throws FsError EIO if it can't be written down */
  async remove(station: string, partner?: string): Promise<void> {
    await this.#change(() => this.#without(station, partner))
  }

  #without(station: string, partner?: string): Pair[] {
    return this.#made.filter((made) => made[0] !== station || made[1] !== partner)
  }

  #change(next: () => readonly Pair[]): Promise<void> {
    const saved = this.#saved.then(() => this.#save(next()))
    this.#saved = saved.catch(() => undefined)
    return saved
  }

  async #save(made: readonly Pair[]): Promise<void> {
    await writePairs(this.#file, made)
    this.#made = made
  }
}
