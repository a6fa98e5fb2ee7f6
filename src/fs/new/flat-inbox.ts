/** An inbox as one flat folder: positions in key order ↔ names and ids. Packed, some 40 bytes for each; immutable. */
import type { ObjectRun, ViewTree } from '../../listing/listing.js'
import type { ObjectInfo } from '../../s3/store.js'
import { idWords, readId, writeId, type FileId } from '../../taking/file-id.js'
import type { Name } from '../../units.js'
import { flatName, otherFlatName } from '../../view/flat-name.js'
import { hashOf, type FlatRun } from './flat-run.js'

export class FlatInbox {
  readonly size: number
  /** Of all, one after the other: `idWords` each. */
  readonly ids: Uint32Array
  readonly #runs: readonly ObjectRun[]
  readonly #starts: Uint32Array
  readonly #hashes: Uint32Array
  /** Positions by names and by ids, each one more than it is: 0 is free. Open addressing. */
  readonly #byName: Uint32Array
  readonly #byId: Uint32Array
  /** Of those whose plain names are the same, all but the oldest have another. */
  readonly #others = new Map<number, Name>()

  /** The run that was asked last: most who ask go on from there. */
  #hint = 0

  constructor(tree: ViewTree, flat: (run: ObjectRun) => FlatRun) {
    this.#runs = [...tree.runs()]
    this.#starts = new Uint32Array(this.#runs.length)
    this.size = tree.size
    this.ids = new Uint32Array(this.size * idWords)
    this.#hashes = new Uint32Array(this.size)
    let start = 0
    this.#runs.forEach((run, i) => {
      const { ids, hashes } = flat(run)
      this.#starts[i] = start
      this.ids.set(ids, start * idWords)
      this.#hashes.set(hashes, start)
      start += run.length
    })
    const slots = 2 ** Math.ceil(Math.log2(2 * this.size + 2))
    this.#byName = new Uint32Array(slots)
    this.#byId = new Uint32Array(slots)
    this.#fill()
  }

  isFile(position: number): boolean {
    return this.#hashes[position] !== 0
  }

  object(position: number): ObjectInfo {
    const at = this.#runAt(position)
    const object = this.#runs[at]?.object(position - (this.#starts[at] ?? 0))
    if (!object) throw new RangeError(`no object at ${position}`)
    return object
  }

  name(position: number): Name {
    return this.#others.get(position) ?? flatName(this.#path(position))
  }

  /** Where its name is used for something else. */
  otherName(position: number): Name {
    return otherFlatName(this.#path(position), 1)
  }

  id(position: number): FileId {
    return readId(this.ids, position * idWords)
  }

  /** What is the same for a file as long as that is the same, in a few characters: 64 bits of its id. */
  identity(position: number): string {
    const at = position * idWords
    return `new/${this.ids[at] ?? 0}/${this.ids[at + 1] ?? 0}`
  }

  withName(name: string): number | undefined {
    const hash = hashOf(name)
    const found = this.#byName[this.#slot(hash, (position) => this.#hasName(position, hash, name))] ?? 0
    return found === 0 ? undefined : found - 1
  }

  withId(id: FileId): number | undefined {
    return this.withIdAt(writeId(id, new Uint32Array(idWords)), 0)
  }

  withIdAt(ids: Uint32Array, at: number): number | undefined {
    const found = this.#byId[this.#idSlot(ids, at)] ?? 0
    return found === 0 ? undefined : found - 1
  }

  #fill(): void {
    const later: number[] = []
    for (let position = 0; position < this.size; position += 1) {
      if (!this.isFile(position)) continue
      const slot = this.#idSlot(this.ids, position * idWords)
      this.#byId[slot] = position + 1
      this.#addName(position, later)
    }
    // Whichever comes first: who is given which name must not depend on what else there is.
    const order = later.map((position) => ({ position, ...this.object(position) }))
    order.sort((a, b) => a.mtime - b.mtime || a.position - b.position)
    for (const { position } of order) this.#addOtherName(position)
  }

  /** @param later is given those that are to have another name: a name that was shown stays the oldest's */
  #addName(position: number, later: number[]): void {
    const hash = this.#hashes[position] ?? 0
    const slot = this.#slot(hash, (other) => this.#hashes[other] === hash && this.name(other) === this.name(position))
    const other = (this.#byName[slot] ?? 0) - 1
    const isFirst = other < 0 || this.object(position).mtime < this.object(other).mtime
    if (isFirst) this.#byName[slot] = position + 1
    if (other >= 0) later.push(isFirst ? other : position)
  }

  #addOtherName(position: number): void {
    for (let attempt = 1; ; attempt += 1) {
      const name = otherFlatName(this.#path(position), attempt)
      if (this.withName(name) !== undefined) continue
      this.#others.set(position, name)
      this.#byName[this.#slot(hashOf(name), () => false)] = position + 1
      return
    }
  }

  #hasName(position: number, hash: number, name: string): boolean {
    const other = this.#others.get(position)
    return other === undefined ? this.#hashes[position] === hash && this.name(position) === name : other === name
  }

  /** Where it is found, or else the free one where it would be. */
  #slot(hash: number, isIt: (position: number) => boolean): number {
    const mask = this.#byName.length - 1
    let slot = spread(hash) & mask
    for (let held = this.#byName[slot] ?? 0; held !== 0 && !isIt(held - 1); held = this.#byName[slot] ?? 0) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  #idSlot(ids: Uint32Array, at: number): number {
    const mask = this.#byId.length - 1
    let slot = (ids[at] ?? 0) & mask
    for (let held = this.#byId[slot] ?? 0; held !== 0; held = this.#byId[slot] ?? 0) {
      if (isSame(this.ids, (held - 1) * idWords, ids, at)) return slot
      slot = (slot + 1) & mask
    }
    return slot
  }

  #path(position: number): string {
    const at = this.#runAt(position)
    return this.#runs[at]?.path(position - (this.#starts[at] ?? 0)) ?? ''
  }

  #runAt(position: number): number {
    const hint = this.#starts[this.#hint] ?? 0
    if (position >= hint && position < hint + (this.#runs[this.#hint]?.length ?? 0)) return this.#hint
    let [low, high] = [0, this.#starts.length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle] ?? 0) <= position) low = middle
      else high = middle
    }
    return (this.#hint = low)
  }
}

/** FNV's lower bits alone are no good where names differ in their ends only. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}

function isSame(ids: Uint32Array, at: number, others: Uint32Array, otherAt: number): boolean {
  for (let word = 0; word < idWords; word += 1) if (ids[at + word] !== others[otherAt + word]) return false
  return true
}
