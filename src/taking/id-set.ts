/** A set of ids of files, packed: 16 bytes each, and as much again at most that is free. Any number of slots will do. */
import type { Bytes } from '../units.js'
import { idWords } from './file-id.js'

const smallest = 16
/** Of its slots, how many may be used. */
const fullest = 0.75
/** What it grows by. */
const growth = 1.5
const words32 = 2 ** 32

export class IdSet {
  #slots = new Uint32Array(smallest * idWords)
  #size = 0
  /** Odd. Of its own: what comes in the order of another set would come to one place, and look for a free one farther and farther away. */
  readonly #salt = Math.floor(Math.random() * words32) | 1

  get size(): number {
    return this.#size
  }

  /** That it takes. */
  get bytes(): Bytes {
    return this.#slots.byteLength
  }

  /** @param ids an array that has the id from `at` on */
  has(ids: Uint32Array, at = 0): boolean {
    return this.#size > 0 && !this.#isFree(this.#find(ids, at))
  }

  /** @returns whether it was not there */
  add(ids: Uint32Array, at = 0): boolean {
    let slot = this.#find(ids, at)
    if (!this.#isFree(slot)) return false
    if ((this.#size + 1) * idWords > this.#slots.length * fullest) {
      this.#resize(Math.ceil((this.#slots.length / idWords) * growth), () => true)
      slot = this.#find(ids, at)
    }
    this.#put(ids, at, slot)
    return true
  }

  /** Leaves those for which it says so. */
  filter(keeps: (ids: Uint32Array, at: number) => boolean): void {
    this.#resize(Math.max(smallest, Math.ceil(this.#size / fullest)), keeps)
  }

  clear(): void {
    this.#slots = new Uint32Array(smallest * idWords)
    this.#size = 0
  }

  forEach(visit: (ids: Uint32Array, at: number) => void): void {
    for (let at = 0; at < this.#slots.length; at += idWords) if (!this.#isFree(at)) visit(this.#slots, at)
  }

  /** So many more will come: there is room for them then. */
  reserve(count: number): void {
    const slots = Math.ceil((this.#size + count) / fullest)
    if (slots * idWords > this.#slots.length) this.#resize(slots, () => true)
  }

  /**
   * All of this moment, so many at a time; what is added meanwhile may be among them.
   * @returns arrays that are filled with others then
   */
  pieces(count: number): Iterable<Uint32Array> {
    return piecesOf(this.#slots, count)
  }

  #resize(slots: number, keeps: (ids: Uint32Array, at: number) => boolean): void {
    const former = this.#slots
    this.#slots = new Uint32Array(slots * idWords)
    this.#size = 0
    for (let at = 0; at < former.length; at += idWords)
      if (!isFree(former, at) && keeps(former, at)) this.#put(former, at, this.#find(former, at))
  }

  #put(ids: Uint32Array, at: number, slot: number): void {
    for (let word = 0; word < idWords; word += 1) this.#slots[slot + word] = ids[at + word] ?? 0
    this.#size += 1
  }

  /** Where it is, or would be: ids are hashes already. */
  #find(ids: Uint32Array, at: number): number {
    const { length } = this.#slots
    const hash = Math.imul(ids[at] ?? 0, this.#salt) >>> 0
    let slot = Math.floor((hash * (length / idWords)) / words32) * idWords
    while (!this.#isFree(slot) && !this.#isAt(slot, ids, at)) slot = slot + idWords === length ? 0 : slot + idWords
    return slot
  }

  #isFree(slot: number): boolean {
    return isFree(this.#slots, slot)
  }

  #isAt(slot: number, ids: Uint32Array, at: number): boolean {
    for (let word = 0; word < idWords; word += 1) if (this.#slots[slot + word] !== ids[at + word]) return false
    return true
  }
}

function isFree(slots: Uint32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0
}

function* piecesOf(slots: Uint32Array, count: number): Generator<Uint32Array, undefined> {
  const piece = new Uint32Array(count * idWords)
  let end = 0
  for (let at = 0; at < slots.length; at += idWords) {
    if (isFree(slots, at)) continue
    for (let word = 0; word < idWords; word += 1) piece[end + word] = slots[at + word] ?? 0
    end += idWords
    if (end < piece.length) continue
    yield piece
    end = 0
  }
  if (end > 0) yield piece.subarray(0, end)
}
