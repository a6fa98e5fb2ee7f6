/** The files of an outbox under flat names, found again by them; nothing is kept where names tell their keys. */
import type { ViewTree } from '../listing/listing.js'
import type { Name, Prefix } from '../units.js'
import { flatName, otherFlatName } from '../view/flat-name.js'

export interface FlatNames {
  /** @param path below the outbox */
  nameOf(path: string): Name
  /** @returns what is below the outbox under a name, if anything may be */
  pathOf(name: Name): string | undefined
}

export class FlatOutboxes {
  readonly #made = new WeakMap<object, Map<Prefix, FlatNames>>()

  /** Made once for what is in it. */
  of(outbox: ViewTree, prefix: Prefix): FlatNames {
    const made = this.#made.get(outbox.content) ?? new Map<Prefix, FlatNames>()
    let names = made.get(prefix)
    if (!names) {
      names = isPlain(outbox, prefix) ? plainNames : new KeptNames(outbox, prefix)
      this.#made.set(outbox.content, made.set(prefix, names))
    }
    return names
  }
}

/** One folder without `_` and a name, neither of which is escaped or cut: the first `_` is where they were joined. */
const plainNames: FlatNames = {
  nameOf: flatName,
  pathOf: (name) => (name.includes('_') ? name.replace('_', '/') : undefined),
}

function isPlain(outbox: ViewTree, prefix: Prefix): boolean {
  for (const { key } of outbox.objects()) {
    const path = key.slice(prefix.length)
    const slash = path.indexOf('/')
    const isOneFolder = slash > 0 && slash < path.length - 1 && !path.includes('/', slash + 1)
    if (!isOneFolder || path.lastIndexOf('_', slash) >= 0 || flatName(path) !== path.replace('/', '_')) return false
  }
  return true
}

class KeptNames implements FlatNames {
  readonly #paths = new Map<Name, string>()
  /** Of those that have not their plain name. */
  readonly #others = new Map<string, Name>()

  constructor(outbox: ViewTree, prefix: Prefix) {
    for (const { key, size } of outbox.objects()) {
      const path = key.slice(prefix.length)
      if (size > 0 || !(path === '' || path.endsWith('/'))) this.#add(path)
    }
  }

  nameOf(path: string): Name {
    return this.#others.get(path) ?? flatName(path)
  }

  pathOf(name: Name): string | undefined {
    return this.#paths.get(name)
  }

  #add(path: string): void {
    let name = flatName(path)
    for (let attempt = 1; this.#paths.has(name); attempt += 1) name = otherFlatName(path, attempt)
    this.#paths.set(name, path)
    if (name !== flatName(path)) this.#others.set(path, name)
  }
}
