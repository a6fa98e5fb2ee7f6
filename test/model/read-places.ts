/** Which view, key and path an action means: its numbers choose among what there is at that moment. */
import type { Name } from '../../src/units.js'
import type { Where } from './read-actions.js'
import type { History } from './read-history.js'
import { firstView, type Shown, type View } from './read-views.js'

export interface Place {
  readonly view: View
  readonly names: readonly Name[]
  readonly path: string
}

export class Places {
  readonly #history: History
  readonly #among: readonly View[]
  readonly #all: readonly View[]

  /** @param among the views that the actions are about @param all those that a key may be in */
  constructor(history: History, among: readonly View[], all = among) {
    this.#history = history
    this.#among = among
    this.#all = all
  }

  nthView(nth: number): View {
    return this.#among[nth % this.#among.length] ?? firstView
  }

  /** The newest key is the first one. */
  nthKey(nth: number): string | undefined {
    const keys = [...this.#history.now.objects.keys()]
    return keys[keys.length - 1 - (nth % Math.max(1, keys.length))]
  }

  /** @returns undefined where there is no such key, or no call of the kernel would have that path */
  at(where: Where): Place | undefined {
    if (where.at === 'view') {
      return placeOf(this.nthView(where.view), where.name === undefined ? [] : [where.name as Name])
    }
    const key = this.nthKey(where.nth)
    const view =
      key === undefined
        ? undefined
        : this.#all.filter((it) => key.startsWith(it.prefix)).at(where.nth % 2 === 0 ? 0 : -1)
    if (key === undefined || !view) return undefined
    const path = pathIn(this.#shownNow(view), key) ?? (key.slice(view.prefix.length).split('/') as Name[])
    const names = path.slice(0, where.names)
    return placeOf(view, where.name === undefined ? names : [...names.slice(0, -1), where.name as Name])
  }

  #shownNow(view: View): Shown {
    return view.show(this.#history.now.below(view.prefix))
  }
}

/** @returns undefined where no call of the kernel would have that path */
export function placeOf(view: View, names: readonly Name[]): Place | undefined {
  // What no call of the kernel ever has in it.
  if (names.some((it) => it === '' || it === '.' || it === '..' || Buffer.byteLength(it) > 255)) return undefined
  return { view, names, path: [view.path, ...names].join('/') }
}

/** Where a key is shown. */
function pathIn(shown: Shown, key: string, at: readonly Name[] = []): Name[] | undefined {
  for (const entry of shown.readdir(at) ?? []) {
    const path = [...at, entry.name]
    if (entry.kind === 'file' && entry.key === key) return path
    const inner = entry.kind === 'folder' ? pathIn(shown, key, path) : undefined
    if (inner) return inner
  }
  return undefined
}
