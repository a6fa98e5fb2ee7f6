/** Of those that wait to be in the bucket the one that was closed first: asked for now and then, while they come and go all the time. */
import { PriorityQueue } from '../../priority-queue.js'
import type { EpochMs } from '../../units.js'

interface Closed {
  readonly id: string
  readonly at: EpochMs
}

/** What is over stays in the heap until it comes to the top, or until more than half of it is that. */
const fewest = 64

export class OldestClose {
  readonly #waiting = new Map<string, EpochMs>()
  #heap = heapOf([])
  #size = 0

  set(id: string, at: EpochMs): void {
    this.#waiting.set(id, at)
    this.#heap.push({ id, at })
    this.#size += 1
    if (this.#size > 2 * this.#waiting.size + fewest) this.#begin()
  }

  delete(id: string): void {
    this.#waiting.delete(id)
  }

  /** Undefined: none waits. */
  get at(): EpochMs | undefined {
    for (let first = this.#heap.peek(); first; first = this.#heap.peek()) {
      if (this.#waiting.get(first.id) === first.at) return first.at
      this.#heap.pop()
      this.#size -= 1
    }
    return undefined
  }

  #begin(): void {
    this.#heap = heapOf(this.#waiting)
    this.#size = this.#waiting.size
  }
}

function heapOf(all: Iterable<readonly [id: string, at: EpochMs]>): PriorityQueue<Closed> {
  const heap = new PriorityQueue<Closed>((a, b) => a.at < b.at)
  for (const [id, at] of all) heap.push({ id, at })
  return heap
}
