/** Blocks that the binding reads by itself: they stay as they are until it gives them back, and the window moves on by that. */
import { crc32 } from 'node:zlib'
import t from 'tap'
import { createObjects } from '../../src/data/cached-objects.js'
import type { BlockReader, Objects, OpenObject } from '../../src/data/objects.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { Bytes } from '../../src/units.js'
import { ScatteredStore } from '../helpers/scattered-store.js'
import { until } from '../helpers/until.js'

const [KiB, MiB] = [1024, 1024 * 1024]
const step = 128 * KiB
const never = new AbortController().signal

interface Given {
  readonly position: Bytes
  readonly bytes: Uint8Array
  readonly sum: number
  served: Bytes
  readonly done: (served: Bytes) => void
}

/** Reads as the binding does: what it was given by itself, all else through the object; blocks come back some turns later. */
class PlayedBinding implements BlockReader {
  readonly given = new Set<Given>()
  /** Reads that came to the object. */
  asked = 0
  wanted = 0
  changed = 0
  readonly #object: OpenObject

  constructor(objects: Objects, info: ObjectInfo) {
    this.#object = objects.open(info)
    this.#object.readBy(this)
  }

  give(position: Bytes, bytes: Uint8Array, done: (served: Bytes) => void): () => void {
    const it = { position, bytes, sum: crc32(bytes), served: 0, done }
    this.given.add(it)
    return () => {
      if (this.given.has(it)) this.wanted += 1
      this.#giveBack(it)
    }
  }

  async read(start: Bytes, end: Bytes): Promise<Uint8Array> {
    for (const it of this.given) if (it.position + it.bytes.length + MiB <= start) this.#giveBack(it)
    const block = [...this.given].find((it) => it.position <= start && end <= it.position + it.bytes.length)
    if (block) {
      block.served += end - start
      return Buffer.from(block.bytes.subarray(start - block.position, end - block.position))
    }
    this.asked += 1
    return Buffer.from(await this.#object.read({ start, end }, never))
  }

  close(): void {
    for (const it of this.given) this.#giveBack(it)
    this.#object.close()
  }

  #giveBack(it: Given): void {
    if (!this.given.delete(it)) return
    setTimeout(() => {
      if (crc32(it.bytes) !== it.sum) this.changed += 1
      it.done(it.served)
    }, 1)
  }
}

function bucket(budget = 256 * MiB): { store: ScatteredStore; objects: Objects } {
  const store = new ScatteredStore({ seed: 3 })
  const options = {
    clock: systemClock,
    lastAnswer: () => -Infinity,
    onGone: () => undefined,
    onReplaced: () => undefined,
  }
  return { store, objects: createObjects({ ...options, store, budget, deadline: 60_000 }) }
}

async function readThrough(binding: PlayedBinding, info: ObjectInfo): Promise<Buffer> {
  const all: Uint8Array[] = []
  for (let start = 0; start < info.size; start += step) {
    all.push(await binding.read(start, Math.min(info.size, start + step)))
    // The bucket, and what is given back, have their turns.
    if (start % MiB === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return Buffer.concat(all)
}

t.test(
  'read from end to end: each byte is fetched once, little is asked for, and what is passed is not kept',
  async (t) => {
    const { store, objects } = bucket()
    const info = store.put('large', 48 * MiB)
    const binding = new PlayedBinding(objects, info)
    t.ok(store.content(info).equals(await readThrough(binding, info)))
    t.equal(store.bytes, info.size)
    t.ok(binding.asked < 200, `${binding.asked} of 384 reads`)
    t.ok(objects.usage().used < 40 * MiB, `${objects.usage().used} bytes`)
    binding.close()
    await until('all to be back', () => objects.usage().wasted === 0)
    t.match(binding, { changed: 0, wanted: 0 })
  },
)

t.test('what is lent stays as it is while others need the memory, who ask for it back', async (t) => {
  const { store, objects } = bucket(32 * MiB)
  const [slow, other] = [store.put('slow', 16 * MiB), store.put('other', 24 * MiB)]
  const [one, two] = [new PlayedBinding(objects, slow), new PlayedBinding(objects, other)]
  for (let start = 0; start < 4 * MiB; start += step) await one.read(start, start + step)
  await until('blocks to be lent', () => one.given.size > 1)
  t.ok(store.content(other).equals(await readThrough(two, other)))
  const random = objects.open(store.put('third', 24 * MiB))
  for (let start = 0; start < 24 * MiB; start += MiB) await random.read({ start, end: start + MiB }, never)
  t.ok(one.wanted > 0)
  t.ok(store.content(slow).equals(await readThrough(one, slow)))
  one.close()
  two.close()
  await until('all to be back', () => one.given.size + two.given.size === 0)
  t.equal(one.changed + two.changed, 0)
})

t.test('who jumps away gives all back, and finds each block well when he comes again', async (t) => {
  const { store, objects } = bucket()
  const info = store.put('large', 40 * MiB)
  const content = store.content(info)
  const binding = new PlayedBinding(objects, info)
  for (let n = 0; n < 12; n += 1) {
    const from = ((n * 17) % 36) * MiB
    // What is on its way when he jumps is given up.
    for (let start = from; start < from + 3 * MiB; start += step) {
      t.ok(content.subarray(start, start + step).equals(await binding.read(start, start + step)))
    }
  }
  t.ok(binding.wanted > 0)
  binding.close()
  t.equal(binding.changed, 0)
})
