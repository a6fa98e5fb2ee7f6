/** Blocks of versions, from memory or the bucket; one request under way for all who want the same block. */
import { LRUCache } from 'lru-cache'
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import { StoreError } from '../s3/store-error.js'
import type { ByteRange, ObjectInfo, Store } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { Bytes, Key, Milliseconds } from '../units.js'
import { blockAt, units, wholeLimit } from './blocks.js'
import type { BlockDisk } from './block-disk.js'
import { BlockMemory, type LargeMemory } from './memory.js'
import type { Usage } from './objects.js'
import { Quickest } from './quickest.js'
import { SharedFetches } from './shared-fetches.js'

export interface BlockSourceOptions {
  readonly store: Pick<Store, 'get'>
  /** `--cache-size` */
  readonly budget: Bytes
  /** Where large blocks come into. */
  readonly large?: LargeMemory
  readonly disk?: BlockDisk | undefined
  /** How long one block may take, retries included. */
  readonly deadline: Milliseconds
  /** When the bucket last answered anything. */
  readonly lastAnswer: () => Milliseconds
  readonly clock: Clock
  /** The object is not, or no longer, what the listing says: it should look again. */
  readonly onGone: (key: Key) => void
  readonly onReplaced: (key: Key) => void
}

/**
 * How long a failure holds for all who read the block, while the bucket answers nobody. When a read fails the kernel asks once
 * more, for the page alone: its program would wait twice as long as one may.
 */
const failureTtl: Milliseconds = 2_000
/** Of what one may take: who waited as long in vain was not killed by mere chance. */
const shareOfPatience = 1 / 2

interface Failure {
  readonly error: FsError
  readonly at: Milliseconds
}

export class BlockSource {
  readonly #options: BlockSourceOptions
  readonly #memory: BlockMemory
  readonly #fetches: SharedFetches<Uint8Array>
  /** Fetched ahead and not read yet: sizes by id. */
  readonly #unread = new Map<string, Bytes>()
  /** Of blocks that are worth to be fetched ahead. */
  readonly #quickest = new Quickest()
  readonly #failures = new LRUCache<string, Failure>({ max: 1_000 })
  #ahead: Bytes = 0
  #wasted: Bytes = 0
  readonly #reads = { hits: 0, joined: 0, misses: 0 }

  constructor(options: BlockSourceOptions) {
    this.#options = options
    this.#memory = new BlockMemory(options.budget, (id) => this.#unread.delete(id), options.large)
    this.#fetches = new SharedFetches(options.deadline)
  }

  /** What all blocks together may take. */
  get limit(): Bytes {
    return this.#memory.limit
  }

  /** How long a block takes at least; undefined: none came yet. */
  get delay(): Milliseconds | undefined {
    return this.#quickest.took
  }

  usage(): Usage {
    const { used, budget } = this.#memory
    const disk = this.#options.disk?.usage()
    return { used, budget, ahead: this.#ahead, wasted: this.#wasted, ...this.#reads, ...(disk ? { disk } : {}) }
  }

  /** The block at a position that is in memory, or else on its way; undefined if there is none. */
  find(info: ObjectInfo, position: Bytes): ByteRange | undefined {
    if (info.size <= wholeLimit) {
      const whole = blockAt(0, wholeLimit, info.size)
      return this.#has(blockId(info, whole)) ? whole : undefined
    }
    let coming: ByteRange | undefined
    for (const unit of units) {
      const block = blockAt(position, unit, info.size)
      const id = blockId(info, block)
      if (this.#memory.has(id)) return block
      if (!coming && this.#fetches.has(id)) coming = block
    }
    return coming
  }

  /** As `held`, for somebody who tells later how often it was read. */
  peek(info: ObjectInfo, block: ByteRange): Uint8Array | undefined {
    const id = blockId(info, block)
    const bytes = this.#memory.get(id)
    if (bytes) this.#wasRead(id)
    return bytes
  }

  wereHits(count: number): void {
    this.#reads.hits += count
  }

  /** The bytes of a block if they are in memory; valid until the event loop's next turn. */
  held(info: ObjectInfo, block: ByteRange): Uint8Array | undefined {
    const id = blockId(info, block)
    const bytes = this.#memory.get(id)
    if (bytes) {
      this.#reads.hits += 1
      this.#wasRead(id)
    }
    return bytes
  }

  /**
   * The bytes of a block, valid until the event loop's next turn.
   * @throws FsError ESTALE, ENOENT, EIO, ETIMEDOUT
   */
  async read(info: ObjectInfo, block: ByteRange, signal: CancelSignal): Promise<Uint8Array> {
    const id = blockId(info, block)
    const failed = this.#failed(id)
    if (failed) throw failed
    this.#wasRead(id)
    const joined = this.#fetches.has(id)
    const since = this.#options.clock.monotonic()
    this.#reads[joined ? 'joined' : 'misses'] += 1
    try {
      return await this.#get(id, info, block, signal)
    } catch (error) {
      // A fetch that others began may have come to its end when ours has just begun.
      if (joined && !signal.aborted && isTransient(error)) return await this.#get(id, info, block, signal)
      if (isTransient(error)) this.#noteFailure(id, error, signal.aborted ? since : undefined)
      throw error
    } finally {
      this.#wasRead(id)
    }
  }

  /**
   * Sets a block on its way before anybody asks for it. Whoever asks later hears of its failure then.
   * @param signal gives it up, unless somebody waits for it by then
   * @param arrived called when it is in memory, with its bytes, valid as those of `read`
   * @returns false if there is no room for it now
   */
  fetchAhead(info: ObjectInfo, block: ByteRange, signal: CancelSignal, arrived?: (bytes: Uint8Array) => void): boolean {
    const id = blockId(info, block)
    const known = this.#memory.get(id)
    if (known) arrived?.(known)
    // That it is given up, or fails, is told to whoever asks for it.
    else if (this.#fetches.has(id) && arrived) this.#get(id, info, block, signal).then(arrived, () => undefined)
    if (this.#has(id)) return true
    const bytes = block.end - block.start
    if (!this.#memory.hasRoomAhead(bytes)) return false
    this.#unread.set(id, bytes)
    this.#ahead += bytes
    this.#wasted += bytes
    this.#get(id, info, block, signal).then(
      (memory) => arrived?.(memory),
      () => this.#unread.delete(id),
    )
    return true
  }

  /**
   * Lets the bytes of a block be read elsewhere, for as long as that takes.
   * @param wanted called when the block is to make room
   * @returns ends it, told how many bytes were read
   */
  lend(info: ObjectInfo, block: ByteRange, bytes: Uint8Array, wanted: () => void): (served: Bytes) => void {
    const id = blockId(info, block)
    const unread = this.#unread.get(id)
    this.#unread.delete(id)
    const end = this.#memory.lend(bytes, wanted)
    return (served) => {
      end()
      if (unread === undefined) return
      if (served > 0) this.#wasted -= unread
      else if (this.#memory.has(id)) this.#unread.set(id, unread)
    }
  }

  /** Who reads an object from one end to the other has read it, and will not come back. */
  passed(info: ObjectInfo, block: ByteRange): void {
    this.#memory.drop(blockId(info, block))
  }

  /** @param since when somebody began to wait who gives up: one who was killed soon after knows nothing of the bucket */
  #noteFailure(id: string, error: FsError, since: Milliseconds | undefined): void {
    const { clock, deadline } = this.#options
    const at = clock.monotonic()
    if (since === undefined || at - since >= deadline * shareOfPatience) this.#failures.set(id, { error, at })
  }

  #failed(id: string): FsError | undefined {
    const { clock, lastAnswer } = this.#options
    const failure = this.#failures.get(id)
    if (!failure) return undefined
    const holds = lastAnswer() < failure.at && clock.monotonic() - failure.at < failureTtl
    if (!holds) this.#failures.delete(id)
    return holds ? failure.error : undefined
  }

  #has(id: string): boolean {
    return this.#memory.has(id) || this.#fetches.has(id)
  }

  #wasRead(id: string): void {
    const bytes = this.#unread.get(id)
    if (bytes === undefined) return
    this.#unread.delete(id)
    this.#wasted -= bytes
  }

  #get(id: string, info: ObjectInfo, block: ByteRange, signal: CancelSignal): Promise<Uint8Array> {
    return this.#fetches.get(id, signal, async (own) => {
      const room = await this.#memory.reserve(block.end - block.start, own)
      try {
        const isKnown = (await this.#options.disk?.read(info, block, room.memory)) ?? false
        if (!isKnown) {
          await this.#fetch(info, block, room.memory, own)
          this.#options.disk?.write(info, block, room.memory, this.#memory.lend(room.memory))
        }
      } catch (error) {
        room.leave()
        throw error
      }
      room.keep(id)
      return room.memory
    })
  }

  async #fetch(info: ObjectInfo, block: ByteRange, into: Uint8Array, signal: CancelSignal): Promise<void> {
    const { key, etag, size, mtime } = info
    const pinned = { key, into, size, ...(etag === '' ? { mtime } : { etag }) }
    const { clock } = this.#options
    const since = clock.monotonic()
    try {
      const isWhole = info.size <= wholeLimit
      const bytes = await this.#options.store.get(isWhole ? pinned : { ...pinned, range: block }, signal)
      const now = clock.monotonic()
      if (block.end - block.start >= wholeLimit) this.#quickest.note(now - since, now)
      if (bytes.length === into.length) return
      const sentence = `${info.key} has another size than its listing says: it was replaced.`
      throw new FsError('ESTALE', sentence, { key: info.key })
    } catch (error) {
      if (error instanceof FsError && error.code === 'ENOENT') this.#options.onGone(info.key)
      if (error instanceof FsError && error.code === 'ESTALE') this.#options.onReplaced(info.key)
      throw error
    }
  }
}

/** Of a version: a replaced object's blocks are others. */
function blockId({ key, etag, size, mtime }: ObjectInfo, { start, end }: ByteRange): string {
  return `${start}-${end} ${etag === '' ? `${size} ${mtime}` : etag} ${key}`
}

function isTransient(error: unknown): error is FsError {
  if (error instanceof StoreError) return error.failure === 'transient'
  return error instanceof FsError && error.code === 'ETIMEDOUT'
}
