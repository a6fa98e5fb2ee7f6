/** The book's locks and its order, on a journal whose entries a test lets through by hand: no disk, no S3, no time. */
import t from 'tap'
import { Beside } from '../../src/send/life/beside.js'
import type { Happening, LifeEvent } from '../../src/send/life/events.js'
import { Settling } from '../../src/send/disk/settling.js'
import { KeptContents } from '../../src/send/life/contents.js'
import { Holding } from '../../src/send/life/holding.js'
import type { Message, MessageIn } from '../../src/send/life/message.js'
import { MessageBook } from '../../src/send/disk/book.js'
import type { JournalEntry } from '../../src/send/life/entry.js'
import { undisputed } from '../../src/ownership.js'
import { Turns } from '../../src/send/uploads/turns.js'
import { events, samples } from '../helpers/life-samples.js'
import { Cancellation, type CancelSignal } from '../../src/cancellation.js'
import type { AppendOptions } from '../../src/journal/journal.js'
import { idle, PlayedClock } from '../helpers/played-clock.js'
import { silentLogger } from '../../src/telemetry/log.js'

/** One that is on its way into the played journal. */
interface Append {
  readonly entry: JournalEntry
  isWanted(): boolean
  through(): Promise<void>
  fail(code: 'EIO' | 'ENOSPC'): Promise<void>
}

/** A journal that takes nothing but what a test lets through, first come first; and can be told that it can't be made anew. */
class PlayedJournal {
  readonly waiting: Append[] = []
  lines: JournalEntry[] = []
  isBroken = false
  hurries = 0

  hurry(): void {
    this.hurries += 1
  }

  async synced(): Promise<number> {
    return this.lines.length
  }

  append(entry: JournalEntry, { isWanted = () => true }: AppendOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = (end: () => void) => async (): Promise<void> => {
        this.waiting.splice(this.waiting.indexOf(append), 1)
        end()
        await idle()
      }
      const append: Append = {
        entry,
        isWanted,
        through: over(() => {
          this.lines.push(entry)
          resolve()
        }),
        fail: (code) => over(() => reject(broken(code)))(),
      }
      this.waiting.push(append)
    })
  }

  async compact(entries: () => readonly JournalEntry[]): Promise<void> {
    await idle()
    if (this.isBroken) throw broken('EIO')
    this.lines = [...entries()]
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Lets all through until something is over. @param at which is next, as in Array.at. @throws what it failed with */
  async letAll(what: Promise<unknown>, at: 0 | -1 = 0): Promise<void> {
    const is = { over: false }
    const end = () => void (is.over = true)
    what.then(end, end)
    for (let turn = 0; !is.over && turn < 1_000; turn += 1) {
      await this.waiting.at(at)?.through()
      await idle()
    }
    if (!is.over) throw new Error('Somebody waits for ever.')
    await what
  }

  /** What a start would find. */
  get found(): ReadonlyMap<string, Message> {
    return new Map(this.lines.flatMap((it) => it.messages ?? []).map((it) => [it.id, it]))
  }
}

function broken(code: string): Error {
  return Object.assign(new Error('broken'), { code })
}

function queued(id: string, path = `${id}.edi`): MessageIn<'queued'> {
  const partner = { station: 'ACME', partner: 'GLOBEX' }
  return { id, ...partner, path, size: 1, mtime: 1, tries: 0, closedAt: 1, state: 'queued' }
}

function trigger(id: string, path: string): Message {
  const { station, partner, size, mtime, tries } = queued(id)
  return { id, station, partner, path, size, mtime, tries, closedAt: 1, state: 'held', reason: 'trigger' }
}

function world(messages: readonly Message[] = ['a', 'b', 'c'].map((id) => queued(id)), isTriggered = false) {
  const journal = new PlayedJournal()
  const clock = new PlayedClock()
  const commit = isTriggered ? 'trigger' : 'close'
  const holding = new Holding({ hold: [], empty: 'hold', commit, triggerSuffixes: ['.ok'] })
  const told: string[] = []
  const trail = { changed: (_: object, { id }: Message) => void told.push(id), flushed: () => Promise.resolve() }
  const removed: string[] = []
  const healed = { times: 0 }
  const free: boolean[] = []
  const book: MessageBook = new MessageBook({
    ...{ journal, clock, trail, messages, bundles: [], log: silentLogger(), ownership: undisputed },
    turns: new Turns(clock, { uploads: 2, large: 100 }),
    beside: new Beside(holding),
    settling: new Settling({
      spool: { contents: new KeptContents(), settle: () => Promise.resolve(0) },
      log: silentLogger(),
    }),
    isUnderWay: () => false,
    onFree: () => void free.push(book.isLocked('a')),
    isForgettable: () => false,
    isInMemory: () => false,
    removeData: (id) => Promise.resolve(void removed.push(id)),
    onHealed: () => (healed.times += 1),
  })
  /** Each of them gets what time its turn says, so that the order can be told. */
  const dated = (ids: readonly string[], mtime: number, decided: string[] = []) =>
    book.change(
      ids,
      (them) => (decided.push(`${mtime}`), them.map(({ id }) => happens(id, { type: 'dated', mtime }))),
      by,
    )
  return { journal, clock, book, dated, told, removed, healed, free }
}

const by = { by: 'utimens', sync: true } as const
const happens = (id: string, event: LifeEvent): Happening => ({ id, event })

t.test(
  'what waits is not wanted once who asked for it has left, unless a journal that was made anew has it',
  async (t) => {
    const { journal, book } = world()
    const left = new Cancellation()
    const change = (id: string, signal: CancelSignal) =>
      book.change([id], () => [happens(id, { type: 'dated', mtime: 10 })], { ...by, signal })
    const changes = [change('a', left), change('b', new Cancellation())]
    await idle()
    left.abort()
    t.same(
      journal.waiting.map((it) => it.isWanted()),
      [false, true],
    )
    await t.rejects(change('c', left), { code: 'ETIMEDOUT' }, 'nor does it begin')
    const closed = book.close()
    for (let turns = 0; turns < 10 && journal.lines.length === 0; turns += 1) await idle()
    t.equal(journal.found.get('a')?.mtime, 10)
    t.same(
      journal.waiting.map((it) => it.isWanted()),
      [true, true],
    )
    for (const it of [...journal.waiting]) await it.through()
    await Promise.all([...changes, closed])
    t.equal(book.get('a')?.mtime, 10)
  },
)

t.test('of two changes of one file the second is decided when the first is in the journal', async (t) => {
  const { journal, book, dated } = world()
  const decided: string[] = []
  const first = dated(['a'], 10, decided)
  await idle()
  t.equal(journal.hurries, 0)
  const second = dated(['a'], 20, decided)
  t.equal(journal.hurries, 1, 'what is waited for is not put off')
  await idle()
  t.strictSame(decided, ['10'])
  t.ok(book.isLocked('a'))
  t.equal(book.get('a')?.mtime, 1, 'nothing is seen that is not in the journal')
  await journal.waiting[0]!.through()
  t.equal(book.get('a')?.mtime, 10)
  t.strictSame(decided, ['10', '20'])
  await journal.letAll(Promise.all([first, second]))
  t.equal(book.get('a')?.mtime, 20)
  t.notOk(book.isLocked('a'))
})

t.test(
  'changes of different files do not wait for one another, and each is seen when it is in the journal',
  async (t) => {
    const { journal, book, dated } = world()
    const both = [dated(['a'], 10), dated(['b'], 20)]
    await idle()
    t.equal(journal.waiting.length, 2)
    await journal.letAll(Promise.all(both))
    t.strictSame([book.get('a')?.mtime, book.get('b')?.mtime], [10, 20])
  },
)

t.test('changes of overlapping files, named in opposite order, all come to an end, one at a time', async (t) => {
  const { journal, book, dated } = world()
  const decided: string[] = []
  const all = [
    dated(['a', 'b'], 10, decided),
    dated(['b', 'a'], 20, decided),
    dated(['b', 'c'], 30, decided),
    dated(['c', 'a'], 40, decided),
  ]
  for (const turn of [1, 2, 3, 4]) {
    await idle()
    t.equal(decided.length, turn)
    t.equal(journal.waiting.length, 1)
    await journal.waiting[0]!.through()
  }
  await Promise.all(all)
  t.strictSame(decided, ['10', '20', '30', '40'], 'in the order in which they came')
  t.strictSame(
    ['a', 'b', 'c'].map((id) => book.get(id)?.mtime),
    [40, 30, 40],
  )
  for (const id of ['a', 'b', 'c']) t.notOk(book.isLocked(id))
})

t.test('a trigger that is touched while its file is being cancelled goes with it, and stays gone', async (t) => {
  const file = { ...queued('file', 'order.edi'), triggeredBy: 'order.ok' }
  const { journal, book, removed } = world([file, trigger('used', 'order.ok')], true)
  const cancelled = book.change(['file'], () => [happens('file', { type: 'cancelled' })], { by: 'unlink', sync: true })
  await idle()
  t.strictSame(
    journal.waiting[0]!.entry.messages?.map((it) => [it.id, it.state]),
    [
      ['file', 'gone'],
      ['used', 'gone'],
    ],
  )
  const touched = book.change(['used'], ([it]) => (it?.state === 'held' ? [happens('used', events.dated)] : []), by)
  await idle()
  t.equal(journal.waiting.length, 1)
  await journal.letAll(Promise.all([cancelled, touched]))
  t.strictSame(removed, ['used'])
  t.equal(journal.found.get('used')?.state, 'gone', 'what was cancelled has not come back')
  t.strictSame(book.get('used'), journal.found.get('used'))
})

t.test('a trigger that is made while its file is being changed is judged after that', async (t) => {
  const made: Message = { ...samples.open, id: 'trigger', path: 'order.edi.ok' }
  const { journal, book } = world([queued('file', 'order.edi'), made], true)
  const file = book.change(['file'], () => [happens('file', events.renamed)], { by: 'rename', sync: true })
  const seen: (string | undefined)[] = []
  const verdict = { state: 'held', hold: { reason: 'trigger' } } as const
  const decide = () => {
    seen.push(book.get('file')?.path)
    return [happens('trigger', { type: 'closed', size: 0, verdict })]
  }
  const closed = book.change(['trigger'], decide, { by: 'close', sync: true })
  await idle()
  t.strictSame(seen, [])
  await journal.letAll(Promise.all([file, closed]))
  t.strictSame(seen, [events.renamed.path])
})

t.test('a file that got another name while it was waited for is changed with what stands beside it then', async (t) => {
  const { journal, book } = world([queued('file', 'order.edi'), trigger('trigger', 'late.ok')], true)
  const renamed = {
    ...events.renamed,
    path: 'late.edi',
    verdict: { state: 'queued', wait: 0, triggeredBy: 'late.ok' },
  } as const
  const first = book.change(['file'], () => [happens('file', renamed)], { by: 'rename', sync: true })
  const second = book.change(['file'], () => [happens('file', events.dated)], by)
  await idle()
  await journal.waiting[0]!.through()
  t.equal(journal.waiting.length, 1, 'the second change')
  const third = book.change(['trigger'], () => [happens('trigger', events.dated)], by)
  await idle()
  t.equal(journal.waiting.length, 1, 'its trigger waits for it')
  await journal.letAll(Promise.all([first, second, third]))
  t.equal(book.get('trigger')?.mtime, events.dated.mtime)
})

t.test('a change whose decision throws changes nothing, and keeps nobody waiting', async (t) => {
  const { journal, book, dated } = world()
  const decide = () => {
    throw new Error('no')
  }
  const refused = t.rejects(book.change(['a', 'b'], decide, by), { message: 'no' })
  const next = dated(['b', 'a'], 20)
  await refused
  const half = book.change(['a', 'b'], () => [happens('a', events.dated), happens('b', events.closed)], by)
  const refusedHalf = t.rejects(half, { code: 'EINVAL' }, 'what can’t happen to one of them happens to none')
  await journal.letAll(next)
  await refusedHalf
  t.equal(journal.lines.length, 1)
  t.strictSame([book.get('a')?.mtime, book.get('b')?.mtime], [20, 20])
  t.notOk(book.isLocked('a'))
})

t.test('it is told when a file is free again, whatever came of its change', async (t) => {
  const { journal, book, dated, free } = world()
  const refused = t.rejects(
    book.change(['a'], () => [happens('a', events.closed)], by),
    { code: 'EINVAL' },
  )
  const next = dated(['a'], 20)
  await refused
  t.strictSame(free, [true], 'another waits for it')
  await journal.letAll(next)
  t.strictSame(free, [true, false])
})

t.test('a change that the journal does not take is not seen and not told, and lets the next one come', async (t) => {
  const { journal, book, told } = world()
  const cancel = (id: string) => book.change([id], () => [happens(id, events.cancelled)], { by: 'unlink', sync: true })
  const first = cancel('a')
  const waits = cancel('a')
  await idle()
  const failed = t.rejects(first, { code: 'ENOSPC' })
  await journal.waiting[0]!.fail('ENOSPC')
  await failed
  t.equal(book.get('a')?.state, 'queued')
  t.strictSame(told, [])
  t.match(book.problem, /full/)
  t.notOk(book.isBroken, 'where there is no room, what takes files away goes on')
  await journal.letAll(waits)
  t.equal(book.get('a')?.state, 'gone')
  t.strictSame(told, ['a'])
  await book.close()
})

t.test('once the journal has failed, nothing is written until all that was seen stands in a new one', async (t) => {
  const { journal, clock, book, dated, healed } = world()
  const before = dated(['a'], 10)
  await journal.letAll(before)
  const lost = dated(['a'], 20)
  const other = dated(['b'], 30)
  await idle()
  const failed = t.rejects(lost, { code: 'EIO' })
  await journal.waiting[0]!.fail('EIO')
  await failed
  t.ok(book.isBroken)
  await t.rejects(dated(['c'], 40), { code: 'EIO' }, 'at once: it has failed a moment ago')

  await clock.advance(250)
  journal.isBroken = true
  const stillBroken = dated(['c'], 50)
  const answers: unknown[] = []
  stillBroken.catch((error: unknown) => answers.push(error))
  const refused = t.rejects(stillBroken, { code: 'EIO' }, 'it was tried, and is broken still')
  // As long as a new journal would take, and longer.
  for (let turn = 0; turn < 5; turn += 1) await idle()
  t.strictSame(answers, [], 'what is on its way is waited for')
  t.equal(journal.waiting.length, 1, 'and nothing comes after it')
  await journal.letAll(other)
  await refused

  await clock.advance(250)
  journal.isBroken = false
  const mended = [dated(['c'], 60), dated(['b'], 70)]
  await journal.letAll(Promise.all(mended))
  t.equal(healed.times, 1)
  t.notOk(book.isBroken)
  t.strictSame(
    ['a', 'b', 'c'].map((id) => book.get(id)?.mtime),
    [10, 70, 60],
  )
  for (const id of ['a', 'b', 'c']) t.strictSame(journal.found.get(id), book.get(id), `${id} as the journal has it`)
  await book.close()
})

t.test('each change builds on the one before it, in whatever order those of different files get written', async (t) => {
  for (const at of [0, -1] as const) {
    const { journal, book } = world()
    const changes = new Map<string, number>()
    const seen: string[] = []
    const shown = ({ id, mtime }: Pick<Message, 'id' | 'mtime'>) => `${id} ${mtime}`
    const all = Array.from({ length: 30 }, async (_, i) => {
      const ids = [['a'], ['b', 'a'], ['c', 'b'], ['c']][i % 4]!
      for (const id of ids) changes.set(id, (changes.get(id) ?? 0) + 1)
      const later = (it: Message) => happens(it.id, { type: 'dated', mtime: it.mtime + 1 })
      seen.push(...(await book.change(ids, (them) => them.map(later), by)).map(shown))
    })
    await journal.letAll(Promise.all(all), at)
    t.strictSame(seen, journal.lines.flatMap((it) => it.messages ?? []).map(shown), 'seen in the order of the journal')
    for (const [id, times] of changes) {
      t.equal(book.get(id)?.mtime, 1 + times, `no change of ${id} is lost`)
      t.strictSame(journal.found.get(id), book.get(id), `${id} as the journal has it`)
    }
  }
})
