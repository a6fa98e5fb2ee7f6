/**
 * A store that answers reads as badly as a network may: in pieces over several turns of the event loop, in any order, with
 * failures in the middle, and with bytes that still come after the request was given up.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FsError } from '../../src/errors.js'
import { StoreError } from '../../src/s3/store-error.js'
import type { GetRequest, ObjectInfo, Store } from '../../src/s3/store.js'
import type { Bytes, Key } from '../../src/units.js'
import { seededRandom } from './faults.js'

export interface ScatteredOptions {
  readonly seed: number
  /** Chance of a failure in the middle. */
  readonly failures?: number
}

/** What memory looks like that was handed over and not filled yet. */
const garbage = 0xdb

export class ScatteredStore implements Pick<Store, 'get'> {
  readonly #objects = new Map<Key, { readonly info: ObjectInfo; readonly bytes: Buffer }>()
  readonly #random: () => number
  readonly #failures: number
  #stalled: Promise<void> | undefined
  #goOn: () => void = () => undefined
  gets = 0
  /** When the last one was answered as a whole. */
  answeredAt = -Infinity
  /** GETs whose end has not come yet. */
  underWay = 0
  /** GETs whose signal ended them. */
  givenUp = 0
  /** Of all answers that came. */
  bytes: Bytes = 0

  constructor({ seed, failures = 0 }: ScatteredOptions) {
    this.#random = seededRandom(seed)
    this.#failures = failures
  }

  /** An object no two places of which are alike, nor those of two versions. */
  put(key: string, size: Bytes, version = 1): ObjectInfo {
    const bytes = contentOf(`${key} ${version}`, size)
    const info = { key: key as Key, size, mtime: 0, etag: `${key}-${version}` }
    this.#objects.set(info.key, { info, bytes })
    return info
  }

  content(info: ObjectInfo): Buffer {
    return contentOf(`${info.key} ${info.etag.split('-').at(-1)}`, info.size)
  }

  /** No answer comes until it may go on. */
  stall(): void {
    this.#stalled = new Promise((resolve) => (this.#goOn = resolve))
  }

  goOn(): void {
    this.#goOn()
    this.#stalled = undefined
  }

  async get(request: GetRequest, signal: AbortSignal): Promise<Uint8Array> {
    this.gets += 1
    this.underWay += 1
    try {
      return await this.#get(request, signal)
    } finally {
      this.underWay -= 1
      if (signal.aborted) this.givenUp += 1
    }
  }

  async #get({ key, range, etag, into }: GetRequest, signal: AbortSignal): Promise<Uint8Array> {
    const object = this.#objects.get(key)
    if (!object) throw new StoreError('ENOENT', 'absent', 'NoSuchKey', 'gone')
    if (etag !== object.info.etag) throw new StoreError('ESTALE', 'condition', 'PreconditionFailed', 'replaced')
    const part = object.bytes.subarray(range?.start, range?.end)
    const target = into?.length === part.length ? into : new Uint8Array(part.length)
    target.fill(garbage)
    const pieces = 1 + Math.floor(this.#random() * 4)
    const failsAt = this.#random() < this.#failures ? Math.floor(this.#random() * pieces) : -1
    for (let piece = 0; piece < pieces; piece += 1) {
      await this.#pause()
      await this.#stalled
      if (signal.aborted || piece === failsAt) {
        void this.#late(target)
        if (signal.aborted) throw new FsError('ETIMEDOUT', 'given up')
        throw new StoreError('EIO', 'transient', 'CutBody', 'cut')
      }
      const [from, to] = [piece, piece + 1].map((it) => Math.floor((part.length * it) / pieces))
      target.set(part.subarray(from, to), from)
    }
    this.bytes += part.length
    this.answeredAt = performance.now()
    return target
  }

  /** Bytes of a connection that was given up. */
  async #late(target: Uint8Array): Promise<void> {
    for (let i = 0; i < 3; i += 1) {
      await nextTurn()
      target.fill(garbage)
    }
  }

  async #pause(): Promise<void> {
    const chance = this.#random()
    if (chance < 0.2) await Promise.resolve()
    else if (chance < 0.4) {
      await new Promise<void>((resolve) => {
        process.nextTick(resolve)
      })
    } else for (let turns = 1 + Math.floor(this.#random() * 3); turns > 0; turns -= 1) await nextTurn()
  }
}

const contents = new Map<string, Buffer>()

function contentOf(name: string, size: Bytes): Buffer {
  const id = `${name} ${size}`
  const known = contents.get(id)
  if (known) return known
  let seed = Buffer.from(name).reduce((sum, it) => (Math.imul(sum, 31) + it) | 0, 7)
  const words = new Uint32Array(Math.ceil(size / 4))
  for (let i = 0; i < words.length; i += 1) {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0
    words[i] = seed
  }
  const bytes = Buffer.from(words.buffer, 0, size)
  contents.set(id, bytes)
  return bytes
}
