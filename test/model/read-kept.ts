/** Folders as the binding keeps them: answered without another look till they are old, or told to have changed. */
import type { Milliseconds } from '../../src/units.js'
import { equal, sorted, text, type ShownEntry } from './read-outcome.js'
import type { ReadWorld } from './read-world.js'

interface Kept {
  readonly entries: readonly ShownEntry[]
  readonly until: Milliseconds
  /** How often it was told, before, that something changed. */
  readonly told: number
}

export class KeptFolders {
  readonly #world: ReadWorld
  readonly #folders = new Map<string, Kept>()

  constructor(world: ReadWorld) {
    this.#world = world
  }

  /** @returns what is there now, if it is another than what is kept still */
  note(path: string, entries: readonly ShownEntry[], freshUntil: Milliseconds | undefined): string | undefined {
    const former = this.#folders.get(path)
    const { clock, told } = this.#world
    if (freshUntil === undefined) this.#folders.delete(path)
    else this.#folders.set(path, { entries, until: freshUntil, told })
    const isKept = former?.told === told && clock.monotonic() < former.until
    return isKept && !equal(sorted(former.entries), sorted(entries)) ? text(entries) : undefined
  }
}
