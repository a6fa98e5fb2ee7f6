/** What is at a path of the `new/` of the model, as the kernel looks it up before it asks for more. */
import type { Attributes } from '../../src/fs/filesystem.js'
import type { Name } from '../../src/units.js'
import type { Calls } from './read-calls.js'
import type { Version } from './read-history.js'
import type { Looks } from './read-looks.js'
import type { Arrivals } from './read-new-arrivals.js'
import { identityOf, type MadeFile, type NewMarks } from './read-new-marks.js'
import type { NewView } from './read-new-view.js'
import { placeOf } from './read-places.js'
import type { ReadWorld } from './read-world.js'

export interface LookupOptions {
  readonly world: ReadWorld
  readonly marks: NewMarks
  readonly view: NewView
  readonly arrivals: Arrivals
  readonly calls: Calls
  readonly looks: Looks
}

/** What is at a path. */
export type Found =
  | { readonly kind: 'folder' }
  | { readonly kind: 'made'; readonly file: MadeFile }
  | { readonly kind: 'inbox'; readonly version: Version; readonly id: string }

export class Lookup {
  readonly #options: LookupOptions

  constructor(options: LookupOptions) {
    this.#options = options
  }

  /** @returns undefined: nothing is there; 'unknown': that can't be told now */
  async at(path: string): Promise<Found | undefined | 'unknown'> {
    const { world, view, calls, looks, marks } = this.#options
    const place = placeOf(view, path.split('/') as Name[])
    if (!place) return 'unknown'
    await looks.at([{ kind: 'getattr', place }])
    const outcome = await calls.played(
      path,
      calls.outcome((signal) => world.fs.getattr(pathAt(path), signal)),
    )
    // What was made here needs no bucket.
    if ((marks.made.has(path) || marks.folders.has(path)) && !outcome?.value)
      calls.problem(`${path} was made, and: ${outcome?.code}`)
    if (!outcome?.value) return outcome?.code === 'ENOENT' ? undefined : 'unknown'
    return this.#found(path, outcome.value)
  }

  #found(path: string, { kind, size, mode }: Attributes): Found | 'unknown' {
    const { arrivals, marks, calls } = this.#options
    if (kind === 'folder') return { kind }
    const file = marks.made.get(path)
    const version = file ? undefined : arrivals.withSize(size)
    const wanted = marks.modes.get(file ?? (version ? identityOf(version) : '')) ?? 0o644
    if (mode !== wanted) calls.problem(`${path} has mode ${mode.toString(8)}, not ${wanted.toString(8)}`)
    if (file) return { kind: 'made', file }
    return version ? { kind: 'inbox', version, id: identityOf(version) } : 'unknown'
  }
}

export function pathAt(path: string): string {
  return `/A/B/new/${path}`
}
