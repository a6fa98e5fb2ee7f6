/** A set of ids of files, packed: 16 bytes each, and as much again at most that is free. */
import type { Bytes } from '../units.js'
import { idWords } from './file-id.js'

const smallest = 16
/** Of its slots, how many may be used. */
const fullest = 0.75

export class IdSet {
  #slots = new Uint32Array(smallest * idWords)
  #size = 0

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
      this.#resize((this.#slots.length / idWords) * 2, () => true)
      slot = this.#find(ids, at)
    }
    this.#put(ids, at, slot)
    return true
  }

  /** Leaves those for which it says so. */
  filter(keeps: (ids: Uint32Array, at: number) => boolean): void {
    let slots = smallest
    while (this.#size > slots * fullest) slots *= 2
    this.#resize(slots, keeps)
  }

  clear(): void {
    this.#slots = new Uint32Array(smallest * idWords)
    this.#size = 0
  }

  forEach(visit: (ids: Uint32Array, at: number) => void): void {
    for (let at = 0; at < this.#slots.length; at += idWords) if (!this.#isFree(at)) visit(this.#slots, at)
  }

  #resize(slots: number, keeps: (ids: Uint32Array, at: number) => boolean): void {
    const former = this.#slots
    const all: number[] = []
    for (let at = 0; at < former.length; at += idWords) if (!this.#isFree(at) && keeps(former, at)) all.push(at)
    this.#slots = new Uint32Array(slots * idWords)
    this.#size = 0
    for (const at of all) this.#put(former, at, this.#find(former, at))
  }

  #put(ids: Uint32Array, at: number, slot: number): void {
    for (let word = 0; word < idWords; word += 1) this.#slots[slot + word] = ids[at + word] ?? 0
    this.#size += 1
  }

  /** Where it is, or would be: ids are hashes already. */
  #find(ids: Uint32Array, at: number): number {
    const mask = this.#slots.length / idWords - 1
    let slot = (ids[at] ?? 0) & mask
    while (!this.#isFree(slot * idWords) && !this.#isAt(slot * idWords, ids, at)) slot = (slot + 1) & mask
    return slot * idWords
  }

  #isFree(slot: number): boolean {
    const slots = this.#slots
    return slots[slot] === 0 && slots[slot + 1] === 0 && slots[slot + 2] === 0 && slots[slot + 3] === 0
  }

  #isAt(slot: number, ids: Uint32Array, at: number): boolean {
    for (let word = 0; word < idWords; word += 1) if (this.#slots[slot + word] !== ids[at + word]) return false
    return true
  }
}
