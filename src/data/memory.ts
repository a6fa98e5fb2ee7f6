/** The one memory budget: blocks that are kept, and room for those on their way. */
import { LRUCache } from 'lru-cache'
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import type { Bytes } from '../units.js'
import { largestUnit } from './blocks.js'

/** Memory for one block on its way. */
export interface Room {
  readonly memory: Uint8Array
  /** The block has come: it is kept as long as there is room. */
  keep(id: string): void
  /** It will not come. */
  leave(): void
}

/** Room that somebody waits for. */
interface Waiter {
  readonly bytes: Bytes
  readonly grant: () => void
}

export type LargeMemory = (bytes: Bytes) => Uint8Array | undefined

interface Loan {
  readonly wanted: (() => void) | undefined
}

/** Of the budget; the rest is for what sockets hold, which comes in buffers of its own. */
const shareOfBlocks = 3 / 4
/** Of the blocks, what may be on its way for nobody in particular; the rest is for those who wait. */
const shareAhead = 1 / 2
/** Large blocks that are kept for the next ones. */
const maxSpare = 4

export class BlockMemory {
  readonly budget: Bytes
  /** What the blocks may take, those on their way included. */
  readonly limit: Bytes
  readonly #blocks: LRUCache<string, Uint8Array>
  readonly #waiters = new Set<Waiter>()
  /**
   * Large blocks that made room are filled again: new ones would make V8 collect all its garbage every few dozen of them,
   * which takes more time than reading does.
   */
  readonly #spare: Uint8Array[] = []
  /** Blocks that are read elsewhere, by the disk cache or the binding: they must stay as they are, kept or not. */
  readonly #lent = new Map<Uint8Array, Set<Loan>>()
  readonly #large: LargeMemory
  #onItsWay: Bytes = 0

  /**
   * @param onEvict called with the ids of blocks that make room
   * @param large memory of its own for a large block; undefined: the usual one
   */
  constructor(budget: Bytes, onEvict: (id: string) => void, large: LargeMemory = () => undefined) {
    this.#large = large
    this.budget = budget
    this.limit = Math.max(1, Math.floor(budget * shareOfBlocks))
    this.#blocks = new LRUCache({
      maxSize: this.limit,
      // An empty object has an empty block; the cache wants positive sizes.
      sizeCalculation: (block) => Math.max(block.length, 1),
      dispose: (block, id, reason) => {
        if (reason !== 'evict') return
        this.#spareLater(block)
        onEvict(id)
        for (const { wanted } of this.#lent.get(block) ?? []) wanted?.()
      },
    })
  }

  get used(): Bytes {
    return this.#blocks.calculatedSize + this.#onItsWay
  }

  /** The block, valid until the event loop's next turn: its memory may then hold another one. */
  get(id: string): Uint8Array | undefined {
    return this.#blocks.get(id)
  }

  /**
   * Lets a block be read for longer than a turn of the event loop.
   * @param wanted called when it is to make room
   * @returns a function that ends it
   */
  lend(block: Uint8Array, wanted?: () => void): () => void {
    const loan: Loan = { wanted }
    const loans = this.#lent.get(block) ?? new Set()
    this.#lent.set(block, loans.add(loan))
    return () => {
      loans.delete(loan)
      if (loans.size === 0) this.#lent.delete(block)
    }
  }

  /** Nobody is expected to read it again: the next one gets its memory, unless somebody reads it yet. */
  drop(id: string): void {
    const block = this.#blocks.peek(id)
    if (!block || this.#lent.has(block)) return
    this.#blocks.delete(id)
    this.#spareLater(block)
  }

  has(id: string): boolean {
    return this.#blocks.has(id)
  }

  /** Whether so much more may be fetched ahead now. */
  hasRoomAhead(bytes: Bytes): boolean {
    return this.#waiters.size === 0 && this.#onItsWay + bytes <= this.limit * shareAhead
  }

  /**
   * Makes room, waiting for what is on its way if need be.
   * @throws FsError ETIMEDOUT when the signal ends the waiting
   */
  async reserve(bytes: Bytes, signal: CancelSignal): Promise<Room> {
    if (this.#fits(bytes)) this.#take(bytes)
    else await this.#wait(bytes, signal)
    const memory = this.#memory(bytes)
    const leave = () => {
      this.#onItsWay -= bytes
      this.#grantNext()
    }
    const keep = (id: string) => {
      this.#onItsWay -= bytes
      this.#blocks.set(id, memory)
      this.#grantNext()
    }
    return { memory, keep, leave }
  }

  /**
   * Not at once: who was given the block in this turn of the event loop has copied it by the next, whatever promises lie
   * between, and only then it may be filled again.
   */
  #spareLater(block: Uint8Array): void {
    if (block.length !== largestUnit || this.#lent.has(block)) return
    setImmediate(() => {
      if (this.#spare.length < maxSpare && !this.#lent.has(block)) this.#spare.push(block)
    })
  }

  /** Not of Node's pool, of which a small block would hold 8 KiB for as long as it is kept. */
  #memory(bytes: Bytes): Uint8Array {
    const large = bytes === largestUnit ? (this.#spare.pop() ?? this.#large(bytes)) : undefined
    return large ?? Buffer.allocUnsafeSlow(bytes)
  }

  /** One alone always fits: what is larger than the budget must come too. */
  #fits(bytes: Bytes): boolean {
    return this.#onItsWay === 0 || this.#onItsWay + bytes <= this.limit
  }

  #take(bytes: Bytes): void {
    this.#onItsWay += bytes
    while (this.used > this.limit && this.#blocks.size > 0) this.#blocks.pop()
  }

  #wait(bytes: Bytes, signal: CancelSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter)
        reject(new FsError('ETIMEDOUT', 'There was no room in the cache in time.'))
      }
      const grant = () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiter: Waiter = { bytes, grant }
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  /** In order: a large one must not starve. */
  #grantNext(): void {
    for (const waiter of this.#waiters) {
      if (!this.#fits(waiter.bytes)) return
      this.#waiters.delete(waiter)
      this.#take(waiter.bytes)
      waiter.grant()
    }
  }
}
