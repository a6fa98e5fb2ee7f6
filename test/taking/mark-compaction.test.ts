/** The journal of marks is made anew while marks come: whenever a crash comes, killed or without power, none that was promised is missing. */
import { readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { callByCall, diskCalls } from '../../src/journal/disk-calls.js'
import { parseJournal } from '../../src/journal/lines.js'
import { undisputed } from '../../src/ownership.js'
import { recover } from '../../src/taking/entry.js'
import { fileId, writeId, type FileId } from '../../src/taking/file-id.js'
import { damagedJournals, MarkLog, type Extent } from '../../src/taking/mark-log.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { until } from '../helpers/until.js'

const globex = { station: 'ACME', partner: 'GLOBEX' }
const initech = { station: 'ACME', partner: 'INITECH' }
const id = (number: number): FileId => fileId({ key: `${number}`, etag: '', size: 1, mtime: 1 })
/** It is made anew after so many lines. */
const lines = 10_000

class Directory {
  readonly path: string
  #extent: Extent | undefined

  constructor(path: string) {
    this.path = path
  }

  get journal(): string {
    return join(this.path, 'journal')
  }

  open(): Promise<MarkLog> {
    const write = (extent: Extent): Promise<void> => Promise.resolve(void (this.#extent = extent))
    const reach = { known: this.#extent, write }
    return MarkLog.open({
      directory: this.path,
      from: 0,
      reach,
      ownership: undisputed,
      clock: systemClock,
      log: silentLogger(),
    })
  }

  /** A log that is made anew soon: with the next but few changes. */
  async almostFull(): Promise<MarkLog> {
    const log = await this.open()
    // What it is made anew of takes several writes.
    await log.change(globex, { take: Array.from({ length: 8_000 }, (_, i) => id(-1 - i)) })
    const size = Math.ceil(log.all.size)
    for (let left = lines + size - 5; left > 0; left -= 1_000) {
      await Promise.all(Array.from({ length: Math.min(left, 1_000) }, () => log.change(globex, { from: 0 }, false)))
    }
    return log
  }
}

async function directoryOf(t: Test): Promise<Directory> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-marks-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return new Directory(join(directory, 'new'))
}

type Method = 'write' | 'sync' | 'datasync'

/** @param done is told of each step of the disk when it is done; @param mayFail before that */
async function onEachStep(
  t: Test,
  done: (method: Method, path: string) => void,
  mayFail: (method: Method, path: string) => void = () => undefined,
): Promise<void> {
  const probe = await open('/dev/null')
  const methods = Object.getPrototypeOf(probe) as Record<Method, (this: FileHandle, ...args: unknown[]) => unknown>
  await probe.close()
  const { write, sync, datasync } = methods
  const originals = { write, sync, datasync }
  for (const method of ['write', 'sync', 'datasync'] as const) {
    methods[method] = async function (...args) {
      const path = readlinkSync(`/proc/self/fd/${this.fd}`)
      mayFail(method, path)
      const result: unknown = await originals[method].apply(this, args)
      done(method, path)
      return result
    }
  }
  const inOneGo = { ...diskCalls }
  Object.assign(diskCalls, callByCall)
  t.teardown(() => {
    Object.assign(methods, originals)
    Object.assign(diskCalls, inOneGo)
  })
}

/** What a start would find by the name of the journal, after a crash at this moment. */
class Crashes {
  readonly #journal: string
  /** By inode, as each was synced last. */
  readonly #synced = new Map<number, string>()
  /** Those that may have the name after a power loss. */
  #named: ReadonlySet<number>

  constructor(journal: string) {
    this.#journal = journal
    const { ino } = statSync(journal)
    this.#named = new Set([ino])
    this.#synced.set(ino, readFileSync(journal, 'utf8'))
  }

  stepped(method: Method, path: string): void {
    const { ino } = statSync(this.#journal)
    if (method !== 'write' && path.startsWith(this.#journal)) {
      this.#synced.set(statSync(path).ino, readFileSync(path, 'utf8'))
    }
    const isFolder = method === 'sync' && this.#journal.startsWith(`${path}/`)
    this.#named = new Set(isFolder ? [ino] : [...this.#named, ino])
  }

  *found(): Generator<string, undefined> {
    yield readFileSync(this.#journal, 'utf8')
    for (const ino of this.#named) yield this.#synced.get(ino) ?? ''
  }
}

/** Marks that are taken one after the other, as fast as they are asked for. */
class Promised {
  readonly #log: MarkLog
  readonly #underWay: Promise<void>[] = []
  readonly marks: { readonly partner: typeof globex; readonly mark: FileId }[] = []
  #next = 0

  constructor(log: MarkLog) {
    this.#log = log
  }

  take(partner = globex): void {
    const mark = id((this.#next += 1))
    const taken = this.#log.change(partner, { take: mark }).then(() => void this.marks.push({ partner, mark }))
    this.#underWay.push(taken)
  }

  async all(): Promise<readonly PromiseSettledResult<void>[]> {
    return Promise.allSettled(this.#underWay)
  }

  missingIn(text: string): number {
    const all = recover(parseJournal(text).entries)
    const has = (partner: typeof globex, mark: FileId): boolean =>
      all.of(partner).taken.has(writeId(mark, new Uint32Array(4)))
    return this.marks.filter(({ partner, mark }) => !has(partner, mark)).length
  }
}

t.test('a crash at any step of it finds all marks that were promised by then', async (t) => {
  const directory = await directoryOf(t)
  const log = await directory.almostFull()
  const promised = new Promised(log)
  const crashes = new Crashes(directory.journal)
  const before = statSync(directory.journal).ino
  const steps: string[] = []
  let isClosed = false
  await onEachStep(t, (method, path) => {
    crashes.stepped(method, path)
    const step = `${method} of ${path.slice(directory.path.length)}`
    steps.push(step)
    for (const text of crashes.found()) {
      const missing = promised.missingIn(text)
      if (missing > 0) t.fail(`${missing} of ${promised.marks.length} are missing after ${steps.join(', ')}`)
      if (!parseJournal(text).entries.length) t.fail(`nothing is there after ${steps.join(', ')}`)
    }
    // Others come at each step, of a partner that it has not heard of too.
    if (path.endsWith('.new') && !isClosed) promised.take(steps.length % 2 === 0 ? globex : initech)
  })
  for (let n = 0; n < 10; n += 1) promised.take()
  await until('it is made anew', () => statSync(directory.journal).ino !== before)
  for (let n = 0; n < 3; n += 1) promised.take()
  const results = await promised.all()
  t.ok(results.every((it) => it.status === 'fulfilled'))
  t.ok(steps.filter((it) => it === 'write of /journal.new').length > 2, steps.join(', '))
  isClosed = true
  await log.close()
  const again = await directory.open()
  t.same(await damagedJournals(directory.path), [])
  t.equal(promised.missingIn(readFileSync(directory.journal, 'utf8')), 0, 'and so has the next start')
  t.ok(promised.marks.some((it) => it.partner === initech))
  await again.close()
})

t.test('what it was before is known as an older one', async (t) => {
  for (const when of ['closed when it is made anew', 'closed while it is made anew'] as const) {
    await t.test(when, async (t) => {
      const directory = await directoryOf(t)
      const log = await directory.almostFull()
      const before = statSync(directory.journal).ino
      const isMadeAnew = (): boolean => statSync(directory.journal).ino !== before
      const older = readFileSync(directory.journal)
      const promised = new Promised(log)
      for (let n = 0; n < 10; n += 1) promised.take()
      await promised.all()
      if (when === 'closed while it is made anew') t.notOk(isMadeAnew())
      else await until('it is made anew', isMadeAnew)
      await log.close()
      t.ok(isMadeAnew())
      writeFileSync(directory.journal, older)
      const again = await directory.open()
      t.equal((await damagedJournals(directory.path)).length, 1)
      await again.close()
    })
  }
})

const failing: readonly (readonly [Method, RegExp])[] = [
  ['write', /\/journal\.new$/],
  ['sync', /\/journal\.new$/],
  ['sync', /\/new$/],
]

t.test('where it can’t be made anew, what was promised before and after stands in what is there', async (t) => {
  for (const [failsAt, where] of failing) {
    await t.test(`${failsAt} ${where.source}`, async (t) => {
      const directory = await directoryOf(t)
      const log = await directory.almostFull()
      const promised = new Promised(log)
      let failures = 0
      await onEachStep(
        t,
        () => undefined,
        (method, path) => {
          if (failures > 0 || method !== failsAt || !where.test(path)) return
          failures += 1
          throw Object.assign(new Error('EIO'), { code: 'EIO' })
        },
      )
      for (let n = 0; n < 10; n += 1) promised.take()
      await until('it fails', () => failures > 0)
      for (let n = 0; n < 10; n += 1) promised.take()
      await promised.all()
      t.ok(promised.marks.length >= 10)
      t.equal(promised.missingIn(readFileSync(directory.journal, 'utf8')), 0)
      // Where one that took its name could not be synced to its folder, it is told, and healed by the next.
      await until('it is healed', async () => {
        const mark = id(-99_999)
        return log.change(globex, { take: mark }).then(
          () => true,
          () => false,
        )
      })
      await log.close()
      const again = await directory.open()
      t.equal(promised.missingIn(readFileSync(directory.journal, 'utf8')), 0)
      await again.close()
    })
  }
})

t.test('a partner of whom nothing could be written down is introduced with the next mark', async (t) => {
  const directory = await directoryOf(t)
  const log = await directory.open()
  let failures = 0
  await onEachStep(
    t,
    () => undefined,
    (method, path) => {
      if (failures > 0 || method !== 'write' || !path.endsWith('/journal')) return
      failures += 1
      // Nothing is broken: there is no room for a moment.
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    },
  )
  await t.rejects(log.change(initech, { take: id(1) }), { code: 'ENOSPC' })
  await log.change(initech, { take: id(2) })
  await log.close()
  const again = await directory.open()
  t.ok(again.all.of(initech).taken.has(writeId(id(2), new Uint32Array(4))))
  t.equal(again.all.of(initech).taken.size, 1)
  await again.close()
})
