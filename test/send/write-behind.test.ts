import fc from 'fast-check'
import { open, readFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ChunkPool, WriteBehind } from '../../src/send/disk/write-behind.js'

const mebibyte = 1024 * 1024
const write = fc.record({
  position: fc.integer({ min: 0, max: 3 * mebibyte }),
  length: fc.integer({ min: 1, max: 1.5 * mebibyte }),
  isNext: fc.boolean(),
  thenDrain: fc.boolean(),
})

t.test('the file is what was written in order, wherever and however much at a time', async (t) => {
  const path = join(t.testdir({}), 'file')
  // With no memory at all, with too little, and with enough.
  for (const memory of [0, mebibyte, 32 * mebibyte]) {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 8 }), async (writes) => {
        const file = await open(path, 'w+')
        const behind = new WriteBehind(file, new ChunkPool(memory))
        const expected = Buffer.alloc(5 * mebibyte)
        let end = 0
        let size = 0
        for (const [i, { position, length, isNext, thenDrain }] of writes.entries()) {
          const at = isNext ? Math.min(end, 3 * mebibyte) : position
          const bytes = Buffer.alloc(length, i + 1)
          await behind.write(bytes, at)
          // It was copied: what becomes of the caller's memory is nobody's business.
          bytes.fill(0xff)
          expected.fill(i + 1, at, at + length)
          end = at + length
          size = Math.max(size, end)
          if (thenDrain) await behind.drain()
        }
        await behind.drain()
        await file.close()
        t.ok((await readFile(path)).equals(expected.subarray(0, size)))
      }),
      { numRuns: 25 },
    )
  }
})

t.test('a write that failed is told by a later call, and by every one from then on', async (t) => {
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  const file = { write: () => Promise.reject(full) } as unknown as FileHandle
  const behind = new WriteBehind(file, new ChunkPool(8 * mebibyte))
  await behind.write(Buffer.alloc(10), 0)
  await t.rejects(behind.drain(), full)
  await t.rejects(behind.write(Buffer.alloc(10), 10), full)
  await t.rejects(behind.drain(), full)
})

t.test('a writer that is faster than the disk waits', async (t) => {
  let finish: () => void = () => undefined
  const slow = new Promise<void>((resolve) => (finish = resolve))
  const file = {
    write: async (_bytes: Uint8Array, _offset: number, length: number) => {
      await slow
      return { bytesWritten: length }
    },
  } as unknown as FileHandle
  const behind = new WriteBehind(file, new ChunkPool(32 * mebibyte))
  let taken = 0
  const writing = (async () => {
    for (let i = 0; i < 16; i += 1) {
      await behind.write(Buffer.alloc(mebibyte), i * mebibyte)
      taken += 1
    }
  })()
  await new Promise((resolve) => setImmediate(resolve))
  t.ok(taken < 4, `${taken} MiB were taken`)
  finish()
  await writing
  await behind.drain()
})
