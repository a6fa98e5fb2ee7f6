/** Programs that go through files in the order of the listing: the next small files are on their way before they ask. */
import type { ObjectInfo } from '../s3/store.js'
import type { Bytes, Key } from '../units.js'
import type { BlockSource } from './block-source.js'
import { wholeLimit } from './blocks.js'
import type { Successors } from './objects.js'
import { controllerOfMany } from './shared-fetches.js'
import { nextCount, type WalkLimits } from './walk-policy.js'

/** 32 requests at 25 ms to S3 are 1,280 files a second, more than a program opens. Half of the store's connections. */
const limits: WalkLimits = { first: 2, max: 32, passed: 8 }
/** How far ahead of a program its next file is looked for, at least. */
const reach = 8
/** Programs at a time. */
const maxWalks = 8
/** Of the room for blocks, what the files ahead of one program may take. */
const shareOfWalk = 1 / 8

export class Walks {
  readonly #blocks: BlockSource
  /** The one that moved last comes last. */
  #walks: FileWalk[] = []

  constructor(blocks: BlockSource) {
    this.#blocks = blocks
  }

  /** A program begins to read a file. */
  cameTo(info: ObjectInfo, after: Successors): void {
    const walk = this.#walks.find((it) => it.stepTo(info.key)) ?? new FileWalk(after)
    this.#walks = [...this.#walks.filter((it) => it !== walk).slice(-maxWalks + 1), walk]
    walk.fetchAhead(this.#blocks)
  }
}

class FileWalk {
  readonly #rest: Iterator<ObjectInfo, undefined>
  /** The next files, as far as they were looked at. */
  readonly #next: ObjectInfo[] = []
  /** Files that were passed by. */
  readonly #passed = new Set<Key>()
  #count = 0
  /** Gives up what is on its way; nobody does: it is little, and may be wanted yet. */
  readonly #signal = controllerOfMany().signal

  constructor(after: Successors) {
    this.#rest = nonEmpty(after())
  }

  /** @returns false if the file is none of the next ones: it is another program's */
  stepTo(key: Key): boolean {
    if (this.#passed.delete(key)) return true
    this.#look(Math.max(reach, this.#count))
    const skipped = this.#next.findIndex((it) => it.key === key)
    if (skipped < 0) return false
    for (const { key: passed } of this.#next.splice(0, skipped + 1).slice(0, -1)) this.#passed.add(passed)
    this.#count = nextCount(this.#count, { skipped, passed: this.#passed.size }, limits)
    if (this.#count === 0) this.#passed.clear()
    return true
  }

  fetchAhead(blocks: BlockSource): void {
    if (this.#count === 0) return
    this.#look(this.#count)
    let room: Bytes = blocks.limit * shareOfWalk
    for (const info of this.#next.slice(0, this.#count)) {
      // Of a large one nobody knows whether it will be read to its end.
      if (info.size > wholeLimit) continue
      room -= info.size
      if (room < 0 || !blocks.fetchAhead(info, { start: 0, end: info.size }, this.#signal)) return
    }
  }

  #look(count: number): void {
    while (this.#next.length < count) {
      const next = this.#rest.next()
      if (next.done === true) return
      this.#next.push(next.value)
    }
  }
}

/** Empty files are never read: the kernel knows their size. */
function* nonEmpty(objects: Iterable<ObjectInfo>): Generator<ObjectInfo, undefined> {
  for (const object of objects) if (object.size > 0) yield object
}
