/** The process ends at any moment of sending a bundle: there is the folder as it was, or one archive, sent once and whole. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { badDisk } from '../helpers/bad-disk.js'
import { run } from '../helpers/run.js'
import { globex, never, path, type SenderWorld, senderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const seed = Number(process.env.AS2FS_SEED ?? Date.now() % 1_000_000)
const rounds = 60
const files = new Map(['a', 'b', 'c'].map((name) => [`${name}.dat`, randomBytes(300_000)]))

/** A sequence that a seed repeats. */
function random(from: number): () => number {
  let state = from
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

t.test(`sixty bundles, the process ending at any moment (AS2FS_SEED=${seed})`, async (t) => {
  const world = await senderWorld(t)
  const next = random(seed)
  const cuts = { folder: 0, archive: 0, sent: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const name = `batch-${round}`
    await filled(world, name)
    void world.sender.rename(globex, path(name), path(`${name}.zip`), never()).catch(() => undefined)
    // Some at once, before the intent is on disk.
    const when = next()
    if (when >= 0.15) await (when < 0.3 ? nextTurn() : delay(next() * 60))
    await world.restart()
    const left = world.sender.allRows().map((it) => it.path)
    const isFolder = world.sender.folders(globex).includes(name)
    if (isFolder) {
      cuts.folder += 1
      t.same(
        left.filter((it) => it.startsWith(name)).sort(),
        [...files.keys()].map((it) => `${name}/${it}`),
      )
      await world.sender.rename(globex, path(name), path(`${name}.zip`), never())
    } else if (world.store.bytes(keyOf(name))) cuts.sent += 1
    else cuts.archive += 1
    await until(`${name}.zip to be sent`, () => world.store.bytes(keyOf(name)) !== undefined)
    await world.inState(`${name}.zip`, 'submitted')
    t.equal(world.puts(`${name}.zip`), 1, name)
    t.same(world.sender.folders(globex), [])
  }
  t.comment(JSON.stringify(cuts))
  t.ok(cuts.folder > 0, 'some were cut off before the intent')
  t.ok(cuts.archive > 0, 'some were cut off between the intent and the upload')
  await until('an empty spool', () => readdirSync(join(world.directory, 'data')).length === 0)
  await t.test('each archive is whole', async (t) => {
    const directory = t.testdir()
    for (let round = 0; round < rounds; round += 1) {
      await writeFile(join(directory, `${round}.zip`), world.store.bytes(keyOf(`batch-${round}`)) ?? '')
    }
    const script = `
import glob, hashlib, json, sys, zipfile
print(json.dumps([{i: hashlib.sha256(z.read(i)).hexdigest() for i in z.namelist()} for z in map(zipfile.ZipFile, glob.glob(sys.argv[1] + '/*.zip'))]))`
    const { stdout, stderr } = await run('python3', ['-c', script, directory])
    t.equal(stderr, '')
    const wanted = Object.fromEntries(
      [...files].map(([it, bytes]) => [it, createHash('sha256').update(bytes).digest('hex')]),
    )
    t.same(
      JSON.parse(stdout),
      Array.from({ length: rounds }, () => wanted),
    )
  })
})

t.test(
  'a file of it that the spool has lost fails the archive, and keeps the others until it is cancelled',
  async (t) => {
    const world = await senderWorld(t)
    await filled(world, 'batch')
    const lost = world.row('batch/b.dat')?.id ?? ''
    await world.sender.rename(globex, path('batch'), path('batch.zip'), never())
    await world.restart((directory) => rmSync(join(directory, 'data', lost)))
    const { id, error } = await world.inState('batch.zip', 'failed')
    t.match(error, /has not all of b\.dat/)
    await t.rejects(world.sender.retry(id, never()), { code: 'EIO' })
    t.equal(world.puts('batch.zip'), 0)
    const data = (): string[] => readdirSync(join(world.directory, 'data'))
    t.equal(data().length, 2)
    await world.sender.cancel(id, never())
    t.same(data(), [])
    t.same(world.sender.allRows(), [])
  },
)

t.test(
  'an archive that the failing journal could not take is whole after the end of the process, sent once',
  async (t) => {
    const disk = await badDisk(t)
    for (const end of ['killed', 'healed']) {
      const name = `journal-${end}`
      const world = await senderWorld(t)
      await filled(world, name)
      await world.sender.rename(globex, path(name), path(`${name}.zip`), never())
      const { failures } = disk
      disk.fail(['sync', 'datasync'], 'EIO', '/journal')
      await until('the journal to fail', () => disk.failures > failures)
      // The second try, and the healing, fail as well.
      await until('it to fail again', () => disk.failures > failures + 1)
      if (end === 'killed') {
        world.cutOff()
        disk.heal()
        await world.start()
      } else disk.heal()
      await world.inState(`${name}.zip`, 'submitted')
      t.equal(world.puts(`${name}.zip`), 1, end)
      await until('an empty spool', () => readdirSync(join(world.directory, 'data')).length === 0)
    }
  },
)

async function filled(world: SenderWorld, name: string): Promise<void> {
  await world.sender.mkdir(globex, path(name), never())
  for (const [file, bytes] of files) await world.write(`${name}/${file}`, bytes)
}

function keyOf(name: string): string {
  return `AS2/send/ACME/GLOBEX/${name}.zip`
}
