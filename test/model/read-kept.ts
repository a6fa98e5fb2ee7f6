/** Folders as the binding keeps them, from when they are read: answered without another look till they are old, or told to have changed. */
import type { Milliseconds } from '../../src/units.js'
import { equal, sorted, text, type ShownEntry } from './read-outcome.js'
import type { ReadWorld } from './read-world.js'

interface Kept {
  readonly entries: readonly ShownEntry[]
  /** Undefined: it is not kept. */
  readonly freshUntil: Milliseconds | undefined
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
  note(path: string, found: Kept): string | undefined {
    const former = this.#folders.get(path)
    this.#folders.set(path, found)
    const isKept = former?.told === found.told && this.#world.clock.monotonic() < (former.freshUntil ?? 0)
    return isKept && !equal(sorted(former.entries), sorted(found.entries)) ? text(found.entries) : undefined
  }
}
