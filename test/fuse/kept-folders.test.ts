/** Which folders the binding is given, and for how long. */
import t from 'tap'
import type { DirectoryEntry, FolderContent } from '../../src/fs/filesystem.js'
import { KeptFolders } from '../../src/fuse/kept-folders.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { packFolder } from '../../src/fuse/packed-folder.js'
import { until } from '../helpers/until.js'

const owner = { uid: 1, gid: 2, umask: 0o027, since: 5 }
const file: DirectoryEntry = { kind: 'file', name: 'order.edi', mode: 0o444, size: 7, mtime: 9 }

class World {
  readonly given: string[] = []
  times: number[] = []
  modes: number[] = []
  readonly changing: string[] = []
  readonly forgotten: string[] = []
  readonly renewed: string[] = []
  drops = 0
  readonly kept = new KeptFolders(
    () => ({
      keepFoldersAs: (...stats) => (this.modes = stats.map((it) => it.mode & 0o777)),
      keepFolder: (path, names, numbers, time, isChanging) => {
        this.given.push(path)
        this.times.push(time)
        if (isChanging) this.changing.push(`${Buffer.from(names).toString()} ${numbers.join()}`)
      },
      forgetKept: (path) => this.forgotten.push(path),
      renewFolder: (path) => this.renewed.push(path),
      dropFolders: (onlyExpired) => (this.drops += onlyExpired ? 0 : 1),
      keptFigures: () => ({ folders: 0, bytes: 0 }),
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
  t.same(world.modes, [0o440, 0o550, 0o640])
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
})

t.test('a large folder is to be read again when much was asked here of what is in it, a small one never', async (t) => {
  const world = new World()
  t.teardown(() => world.kept.close())
  const asked = (n: number, times: number) =>
    Array.from({ length: times }, (_, i) => world.kept.missed(`/inbox/${n}/${i}`)).filter((it) => it !== undefined)
  world.read(0, { each: 6_400 })
  world.read(500, { each: 200 })
  t.same(asked(0, 99), [])
  t.same(asked(0, 1), ['/inbox/0'])
  t.same(asked(0, 1_000), [], 'it is being read')
  world.read(0, { each: 6_400 })
  t.same(asked(0, 100), ['/inbox/0'])
  t.same(asked(500, 1_000), [])
  t.same(asked(7, 1_000), [], 'nobody has read that')
})

t.test('of a folder that changes the names are given that last, unless something has changed meanwhile', async (t) => {
  const world = new World()
  t.teardown(() => world.kept.close())
  let isSo = true
  const made: DirectoryEntry = { ...file, name: 'a.lck', identity: 'made/1' }
  const add = (freshFor: number): void => {
    const changing = {
      freshUntil: performance.now() + freshFor,
      entries: 1,
      isSo: () => isSo,
      renewed: async () => undefined,
    }
    const content = Object.assign([{ ...file, identity: 'new/1/2' }, made], { changing })
    world.kept.add('/new', content, packFolder(content, owner.since, changing.entries))
  }
  world.kept.changed('/new/order.edi')
  t.same(world.forgotten, [], 'nothing is kept yet')
  add(5_000)
  t.same(world.changing, ['Forder.edi\0new/1/2\0 7,9'])
  world.kept.changed('/new/order.edi')
  t.same(world.forgotten, ['/new/order.edi'])
  isSo = false
  add(5_000)
  isSo = true
  add(-1)
  t.equal(world.given.length, 1)
})

t.test('what is the same by a look after its time is not read again, and what is another is', async (t) => {
  const world = new World()
  t.teardown(() => world.kept.close())
  let looks = 0
  let freshUntil: number | undefined
  const add = (path: string): void => {
    const changing = {
      freshUntil: performance.now() + 30,
      entries: 1,
      isSo: () => true,
      renewed: async () => {
        looks += 1
        return freshUntil
      },
    }
    const content = Object.assign([file], { changing })
    world.kept.add(path, content, packFolder(content, owner.since, 1))
  }
  add('/new')
  world.kept.missed('/new/order.edi')
  t.equal(looks, 0, 'its time is not over')
  freshUntil = performance.now() + 10_000
  await until('its time is over', () => (world.kept.missed('/new/order.edi'), looks > 0))
  t.same(world.renewed, ['/new'])
  world.kept.missed('/new/order.edi')
  t.equal(looks, 1, 'it is fresh again')
  freshUntil = undefined
  add('/other')
  await until('its time is over', () => (world.kept.missed('/other/order.edi'), looks > 1))
  world.kept.missed('/other/order.edi')
  t.equal(looks, 2, 'it is another, and is asked for no more')
  t.same(world.renewed, ['/new'])
})

t.test('what receipts say drops only what is shown by them', async (t) => {
  const world = new World()
  t.teardown(() => world.kept.close())
  const add = (path: string): void => {
    const content = { [Symbol.iterator]: () => [file].values(), freshUntil: performance.now() + 5_000 }
    world.kept.add(path, content, packFolder(content, owner.since))
  }
  for (const path of ['/A/B/inbox', '/A/mdn/outbox', '/A/B/inbox/mdn', '/mdn/delivery/inbox']) add(path)
  world.kept.receiptsChanged()
  t.equal(world.drops, 0)
  for (const path of ['/A/B/mdn/incoming', '/A/B/delivery/pending', '/A/B/mdn/outgoing/x']) {
    const before = world.drops
    add(path)
    world.kept.receiptsChanged()
    t.equal(world.drops, before + 1, path)
    world.kept.receiptsChanged()
    t.equal(world.drops, before + 1, 'nothing of it is kept any longer')
  }
})
