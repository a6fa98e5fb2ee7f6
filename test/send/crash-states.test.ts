/**
 * Real sequences on a sender, and a recovery from every state in which a crash at any of their steps may leave the disk:
 * the process killed, or the power lost with the journal cut at any byte, and data, names and sizes written or not.
 */
import { createHash, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { parseJournal } from '../../src/journal/lines.js'
import { KeptContents } from '../../src/send/life/contents.js'
import type { JournalEntry } from '../../src/send/life/entry.js'
import type { Message } from '../../src/send/life/message.js'
import { recover } from '../../src/send/life/recovery.js'
import type { Close, OpenSpoolFile } from '../../src/send/sender.js'
import { DiskRecorder, type CrashState } from '../helpers/disk-recorder.js'
import { unreachable } from '../helpers/memory-store.js'
import { globex, littleRoom, never, path, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

/** What is known of a file at a moment. */
interface Fact {
  /** What it held when its last writer had closed it, each time: nothing else may ever be sent. */
  readonly whole: readonly string[]
  /** close(2) of its last writer has returned 0, with this, and nobody has touched it since. */
  readonly promised: string | undefined
  /** close(2) of one of its writers has returned 0, with this; another may have gone on behind it. */
  readonly begun?: string
  /** It was closed, and waits for somebody: it must not be sent. */
  readonly isHeld: boolean
  /** A PUT of it was begun: it may be in the bucket. */
  readonly isInBucket: boolean
  readonly isCancelled: boolean
}
type Facts = ReadonlyMap<string, Fact>

const nothing: Fact = { whole: [], promised: undefined, isHeld: false, isInBucket: false, isCancelled: false }
const last: Close = { closed: async () => ({ isLast: true, killedBy: undefined }) }
const notLast: Close = { closed: async () => ({ isLast: false, killedBy: undefined }) }

/** A sender under observation. */
class Observed {
  readonly world: SenderWorld
  readonly recorder: DiskRecorder<Facts>
  readonly #facts = new Map<string, Fact>()

  constructor(world: SenderWorld) {
    this.world = world
    this.recorder = new DiskRecorder<Facts>(world.directory, () => new Map(this.#facts))
    world.store.intercept = ({ operation, key }) => {
      if (operation !== 'put' && operation !== 'completeMultipart') return undefined
      const row = world.sender.allRows().find((it) => it.key === key)
      if (row) this.know(row.id, { isInBucket: true })
      return undefined
    }
  }

  know(id: string, fact: Partial<Fact>): void {
    this.#facts.set(id, { ...(this.#facts.get(id) ?? nothing), ...fact })
    this.recorder.mark(`${Object.keys(fact).join()} of ${id.slice(0, 8)}`)
  }

  create(name: string): Promise<OpenSpoolFile> {
    return this.world.sender.create(globex, path(name), never())
  }

  /** Before the close is asked for, it may be seen as whole; after it has returned, it is promised. */
  async close(file: OpenSpoolFile, content: string, isHeld = false): Promise<void> {
    const { whole } = this.#facts.get(file.id) ?? nothing
    this.know(file.id, { whole: isHeld ? whole : [...whole, content], isHeld })
    await file.flush(last, never())
    this.know(file.id, { promised: content })
    await file.release()
  }

  async write(name: string, content: string, isHeld = false): Promise<string> {
    const file = await this.create(name)
    await file.write(Buffer.from(content), 0, never())
    await this.close(file, content, isHeld)
    return file.id
  }

  /** It goes on its way now. */
  async send(name: string): Promise<void> {
    await this.world.sender.retry(this.world.row(name)!.id, never())
    await this.world.inState(name, 'submitted')
    this.recorder.mark(`${name} submitted`)
  }
}

const steps: Readonly<Record<string, (it: Observed) => Promise<void>>> = {
  'create, write, fsync, write, close, upload, taken': async (it) => {
    const file = await it.create('order.edi')
    await file.write(Buffer.from('first '), 0, never())
    await file.fsync(never())
    await file.write(Buffer.from('second'), 6, never())
    await it.close(file, 'first second')
    await it.send('order.edi')
    it.world.take('order.edi')
    await until('that to be known', () => it.world.row('order.edi') === undefined)
    it.recorder.mark('gone')
  },
  'create, write, fsync, and never closed': async (it) => {
    for (const content of ['first', 'x'.repeat(40_000)]) {
      const file = await it.create(`${content.length}.edi`)
      await file.write(Buffer.from(content), 0, never())
      await file.fsync(never())
      it.know(file.id, { begun: content })
    }
  },
  'an upload whose answer is lost, and one that did not arrive': async (it) => {
    const { store } = it.world
    const { intercept } = store
    for (const [name, fault] of [
      ['lost.edi', { after: unreachable() }],
      ['never.edi', { before: unreachable() }],
    ] as const) {
      await it.write(name, name)
      let isFirst = true
      store.intercept = (call) => {
        intercept?.(call)
        const isIt = call.operation === 'put' && isFirst
        if (isIt) isFirst = false
        return isIt ? fault : undefined
      }
      await it.world.sender.retry(it.world.row(name)!.id, never())
      await it.world.settled()
      store.intercept = intercept
    }
  },
  'held by its name, renamed, uploaded': async (it) => {
    const id = await it.write('.order.tmp', 'order', true)
    it.know(id, { isHeld: false, whole: ['order'] })
    await it.world.sender.rename(globex, path('.order.tmp'), path('order.edi'), never())
    it.recorder.mark('renamed')
    await it.send('order.edi')
  },
  'removed while it waits': async (it) => {
    const id = await it.write('order.edi', 'order')
    it.know(id, { promised: undefined })
    await it.world.sender.unlink(globex, path('order.edi'), never())
    it.know(id, { isCancelled: true })
  },
  'renamed over another that waits': async (it) => {
    const old = await it.write('order.edi', 'old')
    const next = await it.write('.order.tmp', 'new', true)
    it.know(old, { promised: undefined })
    it.know(next, { isHeld: false, whole: ['new'] })
    await it.world.sender.rename(globex, path('.order.tmp'), path('order.edi'), never())
    it.know(old, { isCancelled: true })
    await it.send('order.edi')
  },
  'opened again, cut, written anew, appended to': async (it) => {
    const id = await it.write('order.edi', 'first version')
    it.know(id, { promised: undefined })
    const again = await it.world.sender.open(globex, path('order.edi'), { write: true, truncate: true }, never())
    await again.write(Buffer.from('second'), 0, never())
    await it.close(again, 'second')
    it.know(id, { promised: undefined })
    const more = await it.world.sender.open(globex, path('order.edi'), { write: true, truncate: false }, never())
    await more.write(Buffer.from(' and more'), 6, never())
    await it.close(more, 'second and more')
    it.know(id, { promised: undefined })
    const unchanged = await it.world.sender.open(globex, path('order.edi'), { write: true, truncate: false }, never())
    await it.close(unchanged, 'second and more')
    await it.send('order.edi')
  },
  'two writers, the first closes long before the other': async (it) => {
    const one = await it.create('order.edi')
    const two = await it.world.sender.open(globex, path('order.edi'), { write: true, truncate: false }, never())
    await one.write(Buffer.from('one '), 0, never())
    await one.flush(notLast, never())
    it.know(one.id, { begun: 'one ' })
    await one.release()
    it.recorder.mark('one writer left')
    await two.write(Buffer.from('two'), 4, never())
    await it.close(two, 'one two')
    await it.send('order.edi')
  },
  'two writers, the second writes over what the first has closed': async (it) => {
    const one = await it.create('order.edi')
    const two = await it.world.sender.open(globex, path('order.edi'), { write: true, truncate: false }, never())
    await one.write(Buffer.from('one'), 0, never())
    await one.flush(notLast, never())
    await one.release()
    await two.write(Buffer.from('two'), 0, never())
    it.recorder.mark('written over')
    await it.close(two, 'two')
    await it.send('order.edi')
  },
  'a mapping that is written back after the last close': async (it) => {
    const file = await it.create('order.edi')
    await file.write(Buffer.from('one'), 0, never())
    await file.flush(notLast, never())
    await file.write(Buffer.from('two'), 0, never())
    it.know(file.id, { whole: ['two'] })
    await file.release()
    it.know(file.id, { promised: 'two' })
    await it.send('order.edi')
  },
  'a folder that is packed': async (it) => {
    await it.world.sender.mkdir(globex, path('batch'), never())
    const ids = [await it.write('batch/a.edi', 'a'), await it.write('batch/b.edi', 'b')]
    for (const id of ids) it.know(id, { promised: undefined })
    await it.world.sender.rename(globex, path('batch'), path('batch.zip'), never())
    it.recorder.mark('to be packed')
    await it.world.inState('batch.zip', 'queued')
    it.recorder.mark('packed')
  },
  'written again after what seemed to be the last close': async (it) => {
    const file = await it.create('order.edi')
    await file.write(Buffer.from('one '), 0, never())
    // A descriptor that nobody saw goes on: until then it can't be told from a whole file.
    it.know(file.id, { whole: ['one '] })
    await file.flush(last, never())
    const writing = file.write(Buffer.from('two'), 4, never())
    await writing
    it.know(file.id, { whole: [] })
    await it.close(file, 'one two')
    await it.send('order.edi')
  },
  'cut after what seemed to be the last close': async (it) => {
    const file = await it.create('order.edi')
    await file.write(Buffer.from('one'), 0, never())
    it.know(file.id, { whole: ['one'] })
    await file.flush(last, never())
    await file.truncate(1, never())
    it.know(file.id, { whole: [] })
    await it.close(file, 'o')
    await it.send('order.edi')
  },
  'removed while it is open': async (it) => {
    const file = await it.create('order.edi')
    await file.write(Buffer.from('half'), 0, never())
    await it.world.sender.unlink(globex, path('order.edi'), never())
    it.know(file.id, { isCancelled: true })
    await file.write(Buffer.from(' more'), 4, never())
    await file.flush(last, never()).catch(() => undefined)
    await file.release()
  },
  'in parts': async (it) => {
    const bytes = randomBytes(6 * 1024 * 1024)
    const file = await it.create('big.dat')
    await file.write(bytes, 0, never())
    await it.close(file, brief(bytes))
    await it.send('big.dat')
  },
}

const rooms = [
  ['in memory', { isAmple: true, failed: () => undefined, look: async () => undefined }],
  ['on disk', littleRoom],
] as const

for (const [name, step, where, room] of Object.entries(steps).flatMap((it) =>
  rooms.map((to) => [...it, ...to] as const),
)) {
  t.test(`a crash at any moment of: ${name}; what is new is ${where}`, async (t) => {
    const world = await senderWorld(t, { settle: 3_600_000, multipartThreshold: 5_000_000, room })
    const observed = new Observed(world)
    await observed.recorder.start()
    t.teardown(() => observed.recorder.stop())
    await step(observed)
    observed.recorder.stop()
    await checkAll(t, observed)
  })
}

async function checkAll(t: Test, { recorder, world }: Observed): Promise<void> {
  let crashes = 0
  const problems = new Set<string>()
  for (const { state, facts } of recorder.crashes()) {
    crashes += 1
    for (const problem of check(state, facts, world.clock.now())) problems.add(`${problem} (${state.how})`)
  }
  t.ok(crashes > recorder.moments, `${crashes} crashes at ${recorder.moments} moments`)
  t.same([...problems].slice(0, 10), [])
}

/** @returns what is wrong with what a start makes of it */
function* check(state: CrashState, facts: Facts, now: number): Iterable<string> {
  const journal = parseJournal<JournalEntry>(state.journal.toString())
  const data = restored(journal.entries, state.data)
  for (const [id, bytes] of data) {
    const there = state.data.get(id)
    // What is just being made has a beginning of it.
    const isOther = there && there !== bytes && !bytes.subarray(0, there.length).equals(there)
    if (state.isKilled === true && isOther) yield `${id} is another one, though nothing was lost`
  }
  const sizes = new Map([...data].map(([id, bytes]) => [id, bytes.length]))
  const { messages, strangers } = recover(journal, sizes, now)
  const byId = new Map(messages.map((it) => [it.id, it]))
  const content = (id: string) => textOf(data.get(id))
  for (const message of messages) {
    const fact = facts.get(message.id) ?? nothing
    for (const { id, name } of message.reason === 'packing' ? message.members : []) {
      if (content(id) !== facts.get(id)?.whole.at(-1)) yield `${name} of ${message.path} holds ${content(id)}`
    }
    // An archive is the packer's: bundle-crash.test.ts.
    if (!willBeSent(message) || message.path.endsWith('.zip')) continue
    if (fact.isHeld) yield `${message.path} is held, and would be sent`
    if (fact.isInBucket && !message.attempt) yield `${message.path} may be in the bucket, and would be sent unseen`
    if (!fact.isInBucket && !fact.whole.includes(content(message.id) ?? ''))
      yield `${message.path} would be sent half: ${content(message.id)?.slice(0, 40) ?? 'nothing'}`
  }
  for (const [id, fact] of facts) {
    const message = byId.get(id)
    if (fact.isCancelled && message && message.state !== 'gone') yield `${id} was cancelled, and is ${message.state}`
    if (fact.begun !== undefined && strangers.includes(id)) yield `${id} has no name any more`
    if (fact.begun !== undefined && !fact.isInBucket && content(id)?.startsWith(brief(fact.begun)) !== true)
      yield `${id} lacks ${fact.begun}: ${content(id) ?? 'nothing'}`
    if (fact.promised === undefined || fact.isInBucket) continue
    if (strangers.includes(id)) yield `${id} is not known any more`
    else if (!message || message.state === 'gone') yield `${id} is lost`
    else if (content(id) !== fact.promised) yield `${message.path} holds ${content(id)?.slice(0, 40) ?? 'nothing'}`
    else if (message.state === 'failed' || message.reason === 'crash') yield `${message.path} is ${message.state}`
  }
  // What was replaced goes in the same step in which the other gets its name.
  const paths = messages.filter((it) => it.state !== 'gone').map((it) => it.path)
  if (new Set(paths).size < paths.length) yield `two files have one name: ${paths.join()}`
}

/** As a start does it. @see Spool.settle */
function restored(entries: readonly JournalEntry[], data: CrashState['data']): CrashState['data'] {
  const [contents, all] = [new KeptContents(), new Map(data)]
  for (const entry of entries) contents.note(entry)
  for (const id of contents.ids) {
    const [found, wanted] = [data.get(id), contents.wantedOf(id, data.get(id))]
    if (wanted && found?.subarray(0, wanted.length).equals(wanted) !== true) all.set(id, wanted)
  }
  return all
}

function willBeSent({ state, isComplete, path: name }: Message): boolean {
  // What was closed is judged by the start: names that look unfinished are held.
  return state === 'queued' || (state === 'open' && isComplete === true && !name.startsWith('.'))
}

/** Long contents are compared by their digest. */
function brief(content: Buffer | string): string {
  const bytes = Buffer.from(content)
  return bytes.length < 100 ? bytes.toString() : createHash('md5').update(bytes).digest('hex')
}

const texts = new WeakMap<Buffer, string>()

function textOf(bytes: Buffer | undefined): string | undefined {
  if (!bytes) return undefined
  const text = texts.get(bytes) ?? brief(bytes)
  texts.set(bytes, text)
  return text
}
