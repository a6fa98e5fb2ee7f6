/** How much the disk cache may take, of its limit and of what others need of the disk. */
import { readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DiskRoom } from '../../src/data/disk-room.js'

const KiB = 1024

/** Ten files of 10 KiB, the first one used longest ago, on a disk of 1,000 KiB. */
async function tenFiles(t: Test, { limit = 1_000 * KiB, others = 0 }) {
  const folder = t.testdir({ aa: {}, bb: {} })
  const total = 1_000 * KiB
  const names = Array.from({ length: 10 }, (_, i) => `${i % 2 === 0 ? 'aa' : 'bb'}/${i}`)
  for (const [i, name] of names.entries()) {
    await writeFile(join(folder, name), Buffer.alloc(10 * KiB))
    await utimes(join(folder, name), 1_000 + i, 1_000 + i)
  }
  const left = async (): Promise<string[]> => {
    const found = await readdir(folder, { recursive: true })
    return names.filter((it) => found.includes(it))
  }
  const own = async (): Promise<number> => {
    const sizes = await Promise.all((await left()).map(async (it) => (await stat(join(folder, it))).size))
    return sizes.reduce((sum, it) => sum + it, 0)
  }
  const space = async () => ({ total, free: total - others - (await own()) })
  return { room: new DiskRoom(folder, limit, space), names, left }
}

t.test('what there is counts', async (t) => {
  const { room, names, left } = await tenFiles(t, {})
  await room.sweep()
  t.equal(room.used, 100 * KiB)
  t.same(await left(), names)
  t.ok(await room.hasRoomFor(800 * KiB))
})

t.test('beyond the limit what was used longest ago goes, and a tenth more', async (t) => {
  const { room, names, left } = await tenFiles(t, { limit: 60 * KiB })
  t.ok(await room.hasRoomFor(5 * KiB))
  await room.sweep()
  t.same(await left(), names.slice(5))
  t.equal(room.used, 50 * KiB)
  t.notOk(await room.hasRoomFor(70 * KiB), 'more than the limit never fits')
})

t.test('a twentieth of the disk stays free, whatever the limit is', async (t) => {
  const { room, names, left } = await tenFiles(t, { others: 880 * KiB })
  await room.sweep()
  t.same(await left(), names.slice(3), '20 KiB were free, 50 have to be')
  t.notOk(await room.hasRoomFor(70 * KiB))
})

t.test('on a disk that others have filled nothing is kept', async (t) => {
  const { room, left } = await tenFiles(t, { others: 1_000 * KiB })
  await room.sweep()
  t.same(await left(), [])
  t.equal(room.used, 0)
  t.notOk(await room.hasRoomFor(1))
})
