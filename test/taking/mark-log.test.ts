/**
 * Marks are written down before anybody is told, and every crash leaves what was promised: no mark is lost, none invented.
 */
import { mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { FsError } from '../../src/errors.js'
import { formatLine, parseJournal } from '../../src/journal/lines.js'
import { undisputed } from '../../src/ownership.js'
import { recover, type AllMarks, type MarkChange } from '../../src/taking/entry.js'
import { fileId, packIds, readId, writeId, type FileId } from '../../src/taking/file-id.js'
import { damagedJournals, MarkLog, type Extent } from '../../src/taking/mark-log.js'
import type { Marks } from '../../src/taking/marks.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { withoutRoot } from '../helpers/nobody.js'
import { run, sh } from '../helpers/run.js'

const globex = { station: 'ACME', partner: 'GLOBEX' }
const initech = { station: 'ACME', partner: 'INITECH' }
const id = (number: number): FileId => fileId({ key: `${number}`, etag: '', size: 1, mtime: 1 })

async function directoryOf(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-marks-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'new')
}

/** How far each journal is known to go, by its directory. */
const extents = new Map<string, Extent>()

function opened(directory: string, from = 0): Promise<MarkLog> {
  const reach = {
    known: extents.get(directory),
    write: (extent: Extent) => Promise.resolve(void extents.set(directory, extent)),
  }
  return MarkLog.open({ directory, from, reach, ownership: undisputed, clock: systemClock, log: silentLogger() })
}

function taken({ taken }: Marks): FileId[] {
  const ids: FileId[] = []
  taken.forEach((all, at) => ids.push(readId(all, at)))
  return ids.sort()
}

/** All that is known, in a form that can be compared. */
function told(all: AllMarks): string {
  return JSON.stringify(
    [globex, initech].map((partner) => {
      const marks = all.of(partner)
      return [
        taken(marks),
        [...marks.claims].sort(),
        [...marks.folders].sort(),
        [...marks.files].sort(),
        [...marks.modes].sort(),
        marks.from,
      ]
    }),
  )
}

const changes: readonly (readonly [typeof globex, MarkChange])[] = [
  [globex, { take: id(1) }],
  [initech, { take: id(2) }],
  [globex, { mkdir: '.done' }],
  [globex, { name: id(3), as: '.done/3.edi' }],
  [globex, { link: 1, as: '3.lck' }],
  [globex, { link: 1, as: '3.lock' }],
  [globex, { chmod: '#1', mode: 0o400 }],
  [globex, { chmod: id(4), mode: 0o444 }],
  [globex, { name: id(4), as: '4.work' }],
  [globex, { unlink: '3.lck' }],
  [globex, { move: '.done', to: '.over' }],
  [initech, { take: [id(5), id(6)] }],
  [globex, { takes: packIds(writeId(id(8), new Uint32Array(4))) }],
  [globex, { unname: id(3) }],
  [globex, { rmdir: '.over' }],
  [initech, { from: 1_000 }],
  [initech, { forget: [id(5)] }],
  [globex, { take: id(4) }],
  [initech, { reset: true }],
  [globex, { name: id(7), as: '3.lock' }],
]

t.test('a journal that is cut anywhere says what was said by then: no mark is lost, none invented', async (t) => {
  const directory = await directoryOf(t)
  const log = await opened(directory)
  const path = join(directory, 'journal')
  const length = async () => (await readFile(path)).lastIndexOf('\n') + 1
  const promised = [{ at: await length(), said: told(log.all) }]
  for (const [partner, change] of changes) {
    await log.change(partner, change)
    promised.push({ at: await length(), said: told(log.all) })
  }
  await log.close()
  const bytes = await readFile(path)
  const began = promised[0]?.at ?? 0
  for (let cut = began; cut <= (promised.at(-1)?.at ?? 0); cut += 1) {
    for (const tail of ['', '\0\0\0', 'garbage']) {
      const text = Buffer.concat([bytes.subarray(0, cut), Buffer.from(tail)]).toString()
      const found = told(recover(parseJournal(text).entries))
      const before = promised.findLastIndex((it) => it.at <= cut)
      if (found !== promised[before]?.said) t.fail(`cut at ${cut}: ${found} is not ${promised[before]?.said ?? ''}`)
    }
  }
  t.equal(told((await opened(directory)).all), promised.at(-1)?.said, 'and so does the next start')
})

t.test('a journal that is made anew says the same in fewer lines: at most 64 bytes a mark', async (t) => {
  const directory = await directoryOf(t)
  const log = await opened(directory)
  await Promise.all(changes.map(([partner, change]) => log.change(partner, change, false)))
  const many = 40_000
  for (let i = 100; i < many; i += 1_000) {
    const some = Array.from({ length: 1_000 }, (_, j) => id(i + j))
    await Promise.all(some.map((take) => log.change(globex, { take }, false)))
  }
  const said = told(log.all)
  await log.close()
  const { size } = await stat(join(directory, 'journal'))
  t.ok(size <= 64 * many, `${size / many} bytes`)
  const again = await opened(directory)
  t.equal(told(again.all), said)
  await again.close()
  t.ok((await stat(join(directory, 'journal'))).size < size, 'and fewer yet after the next start')
})

t.test('with 90,000 marks a start takes no noticeable time longer', async (t) => {
  const directory = await directoryOf(t)
  const log = await opened(directory)
  for (let i = 0; i < 90_000; i += 10_000) {
    await log.change(globex, { take: Array.from({ length: 10_000 }, (_, j) => id(i + j)) }, false)
  }
  await log.close()
  const before = process.cpuUsage()
  const again = await opened(directory)
  const { user, system } = process.cpuUsage(before)
  t.equal(again.all.of(globex).taken.size, 90_000)
  t.ok(user + system < 1_000_000, `${Math.round((user + system) / 1_000)} ms of CPU time`)
  await again.close()
})

t.test('a name of what the bucket lacks now goes to who is given it next, and neither hides the other', (t) => {
  const p = { p: 0 }
  const introduced = { ...p, of: [globex.station, globex.partner] }
  const first = [introduced, { ...p, name: id(1), as: 'x' }]
  const claimed = recover([...first, { ...p, name: id(2), as: 'x' }]).of(globex)
  t.same([...claimed.claims], [['x', id(2)]])
  t.equal(claimed.nameOf(id(1)), undefined, 'it has its own name again')
  for (const made of [{ link: 1, as: 'x' }, { mkdir: 'x' }]) {
    const marks = recover([...first, { ...p, ...made }]).of(globex)
    t.equal(marks.claims.size, 0)
    t.equal(marks.nameOf(id(1)), undefined)
  }
  t.end()
})

t.test('lines of a later version, and such that make no sense, are left out', async (t) => {
  const entries = [
    null,
    7,
    {},
    { p: 0 },
    { p: 0, of: ['ACME'] },
    { p: 0, of: ['ACME', 'GLOBEX'] },
    { p: 0, take: 'short' },
    { p: 0, takes: 'short' },
    { p: 0, from: 0, count: 'many' },
    { p: 0, from: 0, count: 1e300 },
  ]
  const all = recover([...entries, { p: 0, take: id(1) }, { p: 9, take: id(2) }, { p: 0, juggle: true }])
  t.same(taken(all.of(globex)), [id(1)])
})

/** @param change of lines with their ends */
async function withLines(path: string, change: (lines: string[]) => string[]): Promise<void> {
  const [, text = '', rest = ''] = /^([^\0]*)(\0*)$/.exec(await readFile(path, 'utf8')) ?? []
  await writeFile(path, change(text.match(/.*\n/g) ?? []).join('') + rest)
}

/** How long a journal is without its reserve. */
async function linesOf(path: string): Promise<number> {
  return (await readFile(path)).lastIndexOf('\n') + 1
}

t.test(
  'a damaged journal, one that is cut off and a lost one are put aside until somebody takes that away',
  async (t) => {
    const spoil: Readonly<Record<string, (path: string) => Promise<void>>> = {
      damaged: async (path) =>
        writeFile(path, (await readFile(path, 'latin1')).replace('"take":"', '"take":"!'), 'latin1'),
      empty: (path) => writeFile(path, ''),
      'cut in its first line': (path) => truncate(path, 10),
      'cut in a line': async (path) => truncate(path, (await linesOf(path)) - 10),
      'cut behind a line': async (path) => truncate(path, await linesOf(path)),
      'without one of its lines': (path) => withLines(path, (lines) => lines.toSpliced(-2, 1)),
      'without its last line': (path) => withLines(path, (lines) => lines.slice(0, -1)),
      'without its first line': (path) => withLines(path, (lines) => lines.slice(1)),
      'an older one': (path) =>
        withLines(path, (lines) => [formatLine({ all: { from: 0, journal: 0 } }), ...lines.slice(1)]),
      lost: (path) => rename(path, `${path}.elsewhere`),
      'lost with its folder': (path) => rm(dirname(path), { recursive: true }),
    }
    const left: Readonly<Record<string, readonly string[]>> = {
      damaged: [id(2)],
      'cut in a line': [id(1)],
      'cut behind a line': [id(1), id(2)],
      'without one of its lines': [id(2)],
      'without its last line': [id(1)],
      'without its first line': [id(1), id(2)],
      'an older one': [id(1), id(2)],
    }
    for (const [how, act] of Object.entries(spoil)) {
      const directory = await directoryOf(t)
      const log = await opened(directory)
      for (const take of [id(1), id(2)]) await log.change(globex, { take })
      await log.close()
      t.same(await damagedJournals(directory), [])
      await act(join(directory, 'journal'))
      await (await opened(directory)).close()
      t.equal((await damagedJournals(directory)).length, 1, how)
      const again = await opened(directory)
      t.equal((await damagedJournals(directory)).length, 1, `${how}, and after another start`)
      t.same(taken(again.all.of(globex)), [...(left[how] ?? [])].sort(), 'what can be read goes on')
      await again.close()
    }
  },
)

t.test('one that is older is known as such though the daemon that wrote a newer one was killed', async (t) => {
  const directory = await directoryOf(t)
  const log = await opened(directory)
  await log.change(globex, { take: id(1) })
  await log.close()
  const older = await readFile(join(directory, 'journal'))
  const killed = await opened(directory)
  await killed.change(globex, { take: id(2) })
  await writeFile(join(directory, 'journal'), older)
  const again = await opened(directory)
  t.equal((await damagedJournals(directory)).length, 1)
  await again.close()
  await killed.close()
})

t.test('what is another’s by now is not written to: not how far its journal goes, either', async (t) => {
  const directory = await directoryOf(t)
  const lost = new AbortController()
  const written: Extent[] = []
  const reach = { known: undefined, write: (extent: Extent) => Promise.resolve(void written.push(extent)) }
  const ownership = { lost: lost.signal, check: () => Promise.resolve() }
  const log = await MarkLog.open({ directory, from: 0, reach, ownership, clock: systemClock, log: silentLogger() })
  await log.change(globex, { take: id(1) })
  const before = await readFile(join(directory, 'journal'))
  t.equal(written.length, 1)
  lost.abort(new FsError('EIO', 'It is another’s.'))
  await t.rejects(log.change(globex, { take: id(2) }), { code: 'EIO' })
  t.equal(log.problem, 'It is another’s.')
  await log.close()
  t.equal(written.length, 1)
  t.same(await readFile(join(directory, 'journal')), before)
})

t.test('a journal that an older version wrote, without numbers, is none that lacks lines', async (t) => {
  const directory = await directoryOf(t)
  await mkdir(directory)
  extents.set(directory, { journal: 3, lines: 100 })
  const lines = [{ all: { from: 0 } }, { p: 0, of: ['ACME', 'GLOBEX'] }, { p: 0, take: id(1) }]
  await writeFile(join(directory, 'journal'), `${lines.map((it) => formatLine(it)).join('')}\0\0`)
  const log = await opened(directory)
  t.same(await damagedJournals(directory), [])
  t.same(taken(log.all.of(globex)), [id(1)])
  await log.close()
  t.match(extents.get(directory), { journal: 4, lines: 4 })
})

t.test('what was there before counts as taken from the time on that is given, once', async (t) => {
  const directory = await directoryOf(t)
  const log = await opened(directory, 5_000)
  t.equal(log.all.of(globex).from, 5_000)
  await log.change(initech, { take: id(1) })
  await log.change(initech, { reset: true })
  await log.close()
  const again = await opened(directory, 9_000)
  t.equal(again.all.of(globex).from, 5_000)
  t.equal(again.all.of(initech).from, 0)
  await again.close()
})

t.test(
  'a start on a full disk goes on with the journal that is there, which is whole for the next start, too',
  { skip: withoutRoot() },
  async (t) => {
    const directory = await directoryOf(t)
    await mkdir(directory, { recursive: true })
    await sh(`mount -t tmpfs -o size=1m,mode=700 tmpfs ${directory}`)
    t.teardown(() => run('umount', ['-l', directory]))
    const log = await opened(directory)
    await log.change(globex, { take: id(1) })
    await log.close()
    const filling = join(directory, 'filling')
    t.match(await run('sh', ['-c', `cat /dev/zero >${filling}`]), { stderr: /No space left/ })
    const onFullDisk = await opened(directory)
    await onFullDisk.change(globex, { take: id(2) })
    await onFullDisk.close()
    await rm(filling)
    // Another could not be put aside in full.
    await writeFile(join(directory, 'journal.damaged-1.7.tmp'), '')
    const again = await opened(directory)
    t.same(await damagedJournals(directory), [])
    t.same(taken(again.all.of(globex)), [id(1), id(2)].sort())
    await again.close()
  },
)

t.test('what can’t be written down has not happened, and once it can be, the rest is as before', async (t) => {
  const directory = await directoryOf(t)
  const log = await opened(directory)
  await log.change(globex, { take: id(1) })
  await rm(directory, { recursive: true })
  await t.rejects(log.change(globex, { take: id(2) }), { code: 'EIO' })
  t.same(taken(log.all.of(globex)), [id(1)])
  t.match(log.problem, /journal of new\/ can't be written/)
  await log.close()
})
