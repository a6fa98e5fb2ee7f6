/** Blocks on disk: what comes back is what was written, or nothing; and it never takes more than it may. */
import fc from 'fast-check'
import { readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { BlockDisk } from '../../src/data/block-disk.js'
import { blockAt, smallestUnit, units } from '../../src/data/blocks.js'
import { createObjects } from '../../src/data/cached-objects.js'
import { DiskCache } from '../../src/data/disk-cache.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import type { Key } from '../../src/units.js'
import { ScatteredStore } from '../helpers/scattered-store.js'
import { until } from '../helpers/until.js'
import { systemClock } from '../../src/telemetry/clock.js'

const times = { clock: systemClock, lastAnswer: () => -Infinity }

const MiB = 1024 * 1024
const log = pino({ level: 'silent' })
const info: ObjectInfo = { key: 'AS2/large.bin' as Key, etag: 'v1', size: 9 * MiB + 5, mtime: 0 }
const content = new ScatteredStore({ seed: 1 }).content({ ...info, etag: 'x-1' })

async function diskIn(directory: string, limit = 64 * MiB): Promise<{ cache: DiskCache; disk: BlockDisk }> {
  const cache = await DiskCache.open({ directory, limit, clock: systemClock, log })
  return { cache, disk: new BlockDisk(cache, 'http://s3/bucket') }
}

const written = (disk: BlockDisk, of: ObjectInfo, start: number, end: number): Promise<void> =>
  new Promise((resolve) => disk.write(of, { start, end }, content.subarray(start, end), resolve))

async function readBack(disk: BlockDisk, of: ObjectInfo, start: number, end: number): Promise<Buffer | undefined> {
  const into = Buffer.alloc(end - start)
  return (await disk.read(of, { start, end }, into)) ? into : undefined
}

async function files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name))
}

async function sizeOf(directory: string): Promise<number> {
  const all = await Promise.all((await files(directory)).map((it) => stat(it)))
  return all.reduce((sum, { size }) => sum + size, 0)
}

const directoryOf = (t: Test): string => t.testdir()

t.test('a block comes back in another process’s hands, and of another version or bucket it does not', async (t) => {
  const directory = directoryOf(t)
  await written((await diskIn(directory)).disk, info, 0, 4 * MiB)
  const { cache, disk } = await diskIn(directory)
  t.ok(content.subarray(0, 4 * MiB).equals((await readBack(disk, info, 0, 4 * MiB)) ?? Buffer.alloc(0)))
  t.equal(cache.usage().hits, 1)
  t.equal(await readBack(disk, { ...info, etag: 'v2' }, 0, 4 * MiB), undefined)
  t.equal(await readBack(disk, { ...info, key: 'AS2/other.bin' as Key }, 0, 4 * MiB), undefined)
  t.equal(await readBack(new BlockDisk(cache, 'http://s3/other'), info, 0, 4 * MiB), undefined)
  t.equal(await readBack(disk, info, 4 * MiB, 8 * MiB), undefined)
})

t.test('without an ETag nothing is kept', async (t) => {
  const directory = directoryOf(t)
  const { disk } = await diskIn(directory)
  await written(disk, { ...info, etag: '' }, 0, MiB)
  t.same(await files(directory), [])
})

t.test('a finer block is read out of a coarser one', async (t) => {
  const { disk } = await diskIn(directoryOf(t))
  await written(disk, info, 0, 4 * MiB)
  await written(disk, info, 8 * MiB, info.size)
  for (const position of [0, 300_000, 3 * MiB + 7, 8 * MiB + 1, info.size - 1]) {
    for (const unit of units) {
      const { start, end } = blockAt(position, unit, info.size)
      const bytes = await readBack(disk, info, start, end)
      t.ok(bytes && content.subarray(start, end).equals(bytes), `${start} to ${end}`)
    }
  }
  t.equal(await readBack(disk, info, 4 * MiB, 4 * MiB + smallestUnit), undefined)
})

t.test('files and folders are their owner’s alone', async (t) => {
  const directory = directoryOf(t)
  await written((await diskIn(directory)).disk, info, 0, MiB)
  for (const file of await files(directory)) t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((await stat(join(directory, 'blocks-1'))).mode & 0o777, 0o700)
})

t.test('damaged in any place, cut at any length, or another block’s: it is not there, and is deleted', async (t) => {
  const directory = directoryOf(t)
  const { cache, disk } = await diskIn(directory)
  await written(disk, info, 0, MiB)
  const [file = ''] = await files(directory)
  const intact = await readFile(file)
  const isGone = async (): Promise<boolean> =>
    (await readBack(disk, info, 0, MiB)) === undefined && (await files(directory)).length === 0
  let damaged = 0
  const meaningful = fc.oneof(fc.nat(60), fc.integer({ min: 4096, max: intact.length - 1 }))
  await fc.assert(
    fc.asyncProperty(meaningful, fc.integer({ min: 1, max: 255 }), async (place, change) => {
      const bytes = Buffer.from(intact)
      bytes[place] = (bytes[place] ?? 0) ^ change
      await writeFile(file, bytes)
      damaged += 1
      return isGone()
    }),
    { numRuns: 40 },
  )
  for (const length of [0, 1, 11, 4095, 4096, 5000, intact.length - 1]) {
    await writeFile(file, intact)
    await truncate(file, length)
    damaged += 1
    t.ok(await isGone(), `${length} bytes`)
  }
  t.equal(cache.usage().damaged, damaged)
  await writeFile(file, intact)
  t.ok(await readBack(disk, info, 0, MiB))
})

t.test('a crash in the middle of a write leaves nothing that is read, and is cleaned up later', async (t) => {
  const directory = directoryOf(t)
  await written((await diskIn(directory)).disk, info, 0, MiB)
  const [file = ''] = await files(directory)
  const [old, young] = [`${file}.0123.tmp`, `${file}.4567.tmp`]
  await writeFile(old, 'half')
  await utimes(old, new Date(0), new Date(0))
  await writeFile(young, 'being written by another mount')
  await diskIn(directory)
  await until('the old one’s end', async () => !(await files(directory)).includes(old))
  t.same((await files(directory)).sort(), [file, young].sort())
})

t.test('it stays within its size, and what was used longest ago goes first', async (t) => {
  const directory = directoryOf(t)
  const { cache, disk } = await diskIn(directory, 10 * MiB)
  const objects = Array.from({ length: 40 }, (_, i) => ({ ...info, key: `AS2/${i}` as Key }))
  for (const [i, it] of objects.entries()) {
    await written(disk, it, 0, MiB)
    // Times of files may be coarse.
    for (const file of await files(directory)) {
      const { mtimeMs } = await stat(file)
      if (mtimeMs > 1_000_000_000_000) await utimes(file, i + 1, i + 1)
    }
    const total = await sizeOf(directory)
    if (total > 10 * MiB) t.fail(`${total} bytes on disk after ${i}`)
    t.ok(await readBack(disk, objects[0]!, 0, MiB), 'the one that is used again stays')
  }
  t.ok(await readBack(disk, objects[39]!, 0, MiB))
  t.equal(await readBack(disk, objects[5]!, 0, MiB), undefined)
  t.ok(cache.usage().used <= 10 * MiB)
})

t.test('two mounts on one folder: both read what either wrote, together they stay near the size', async (t) => {
  const directory = directoryOf(t)
  const [one, other] = [await diskIn(directory, 20 * MiB), await diskIn(directory, 20 * MiB)]
  await written(one.disk, info, 0, MiB)
  t.ok(await readBack(other.disk, info, 0, MiB))
  await Promise.all(
    Array.from({ length: 80 }, (_, i) =>
      written(i % 2 === 0 ? one.disk : other.disk, { ...info, key: `AS2/${i >> 1}` as Key }, 0, MiB),
    ),
  )
  const total = await sizeOf(directory)
  t.ok(total <= 20 * MiB * (1 + 2 / 16) + 2 * MiB, `${total} bytes`)
  t.notOk((await files(directory)).some((it) => it.endsWith('.tmp')))
})

t.test('a disk that fails is no failure of a read', async (t) => {
  const directory = directoryOf(t)
  const { cache, disk } = await diskIn(directory)
  const folder = join(directory, 'blocks-1')
  // A file where its folder was: every call fails, for root too.
  await rm(folder, { recursive: true })
  await writeFile(folder, '')
  await written(disk, info, 0, MiB)
  t.equal(await readBack(disk, info, 0, MiB), undefined)
  const { dropped } = cache.usage()
  await written(disk, info, 0, MiB)
  t.equal(cache.usage().dropped, dropped + 1, 'it is left alone for a while')
})

t.test('a directory that can’t be made is a sentence', async (t) => {
  const directory = t.testdir({ file: '' })
  await t.rejects(diskIn(join(directory, 'file', 'below')), { name: 'UsageError', message: /--disk-cache.*ENOTDIR/ })
})

t.test('objects over it: read once from the bucket, then from the disk, right in every byte', async (t) => {
  const directory = directoryOf(t)
  const never = new AbortController().signal
  const store = new ScatteredStore({ seed: 8 })
  const infos = [2_000, MiB, 12 * MiB + 3].map((size, i) => store.put(`object${i}`, size))
  const readAll = async (): Promise<void> => {
    const { disk } = await diskIn(directory)
    const ignore = (): void => undefined
    // Memory for the largest blocks, which is used again while they are still being written.
    const objects = createObjects({
      ...times,
      store,
      budget: 24 * MiB,
      disk,
      deadline: 60_000,
      onGone: ignore,
      onReplaced: ignore,
    })
    for (const it of infos) {
      const object = objects.open(it)
      for (let start = 0; start < it.size; start += smallestUnit) {
        const bytes = await object.read({ start, end: start + smallestUnit }, never)
        if (
          !store
            .content(it)
            .subarray(start, start + smallestUnit)
            .equals(bytes)
        )
          throw new Error(`wrong at ${start}`)
      }
      object.close()
    }
    await until('the end of writing', async () => !(await files(directory)).some((it) => it.endsWith('.tmp')))
  }
  await readAll()
  const { gets, bytes } = store
  t.equal(
    bytes,
    infos.reduce((sum, { size }) => sum + size, 0),
  )
  await until('all blocks on disk', async () => (await files(directory)).length === gets)
  await readAll()
  t.equal(store.gets, gets, 'nothing was fetched again')
})
