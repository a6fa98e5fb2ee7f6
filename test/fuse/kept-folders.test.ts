/** Which folders the binding is given, and for how long. */
import t from 'tap'
import type { DirectoryEntry, FolderContent } from '../../src/fs/filesystem.js'
import { KeptFolders } from '../../src/fuse/kept-folders.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { packFolder } from '../../src/fuse/packed-folder.js'

const owner = { uid: 1, gid: 2, umask: 0o027, since: 5 }
const file: DirectoryEntry = { kind: 'file', name: 'order.edi', mode: 0o444, size: 7, mtime: 9 }

class World {
  readonly given: string[] = []
  times: number[] = []
  modes: number[] = []
  drops = 0
  readonly kept = new KeptFolders(
    () => ({
      keepFoldersAs: (...stats) => (this.modes = stats.map((it) => it.mode & 0o777)),
      keepFolder: (path, _names, _numbers, time) => (this.given.push(path), this.times.push(time)),
      dropFolders: (onlyExpired) => (this.drops += onlyExpired ? 0 : 1),
      keptFigures: () => ({ answered: 3, folders: 0, bytes: 0 }),
    }),
    owner,
    systemClock,
  )
  /** Reads a folder of an inbox of so many. @returns what the binding was given */
  read(n: number, { of = 1_000, freshFor = 5_000, each = 1 } = {}): readonly string[] {
    const before = this.given.length
    const entries = Array.from({ length: each }, () => file)
    const content: FolderContent = {
      [Symbol.iterator]: () => entries.values(),
      freshUntil: performance.now() + freshFor,
      following: Array.from({ length: of - n - 1 }, (_, i) => ({ name: String(n + 1 + i), entries })),
    }
    this.kept.add(`/inbox/${n}`, content, packFolder(content, owner.since))
    return this.given.slice(before)
  }
}

t.test('who reads one folder after the other gets more and more of them ahead', async (t) => {
  const world = new World()
  t.teardown(() => world.kept.close())
  const counts = []
  let next = 0
  while (next < 1_000) {
    const given = world.read(next)
    counts.push(given.length)
    next += given.length
  }
  t.same(counts.slice(0, 4), [1, 9, 17, 33])
  t.equal(Math.max(...counts), 257)
  t.same(world.given, [...new Set(world.given)])
  t.same(world.modes, [0o440, 0o550])
})

t.test('who reads here and there gets what he reads', async (t) => {
  const world = new World()
  t.teardown(() => world.kept.close())
  for (const n of [5, 9, 2, 700, 3, 8]) t.same(world.read(n), [`/inbox/${n}`])
})

t.test('folders with much in them are not handed over by the hundred', async (t) => {
  const world = new World()
  t.teardown(() => world.kept.close())
  world.read(0, { each: 3_000 })
  t.equal(world.read(1, { each: 3_000 }).length, 3)
})

t.test('what is not fresh, or may change at any time, is not kept', async (t) => {
  const world = new World()
  t.teardown(() => world.kept.close())
  t.same(world.read(0, { freshFor: -1 }), [])
  world.kept.add('/send', [file], packFolder([file], owner.since))
  t.same(world.given, [])
  world.kept.drop()
  t.equal(world.drops, 0)
  world.read(0, { freshFor: 500 })
  t.ok(world.times.every((it) => it > 0 && it <= 500))
  world.kept.drop()
  t.equal(world.drops, 1)
  t.equal(world.kept.answered, 3)
})
