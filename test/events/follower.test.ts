/** One follower, with a log and a source that a test plays. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { BucketEvent, FollowLine, LoggedEvent, Progress } from '../../src/events/event.js'
import { Follower, type Beginning, type FollowerLines } from '../../src/events/follower.js'
import { Recent } from '../../src/events/recent.js'
import { lookBack, type Mark, type Source } from '../../src/events/source.js'
import type { Key } from '../../src/units.js'
import { until } from '../helpers/until.js'

const noon = Date.UTC(2026, 10, 28, 12)
const owner = { station: 'ACME', partner: 'GLOBEX' }

function received(name: string, at: number): BucketEvent {
  const key = `AS2/files/ACME/GLOBEX/inbox/${name}` as Key
  const path = `/ACME/GLOBEX/inbox/${name}`
  return { event: 'received', at: new Date(at).toISOString(), ...owner, name, path, key, size: 1, etag: 'e' }
}

function queued(name: string, at: number): LoggedEvent {
  const key = `AS2/send/ACME/GLOBEX/${name}` as Key
  return { event: 'queued', at: new Date(at).toISOString(), id: name, ...owner, name, key, size: 1 }
}

class PlayedSource implements Source {
  through: number | undefined
  missing: string | undefined
  readonly recent = new Recent<BucketEvent>(10)
  readonly all: BucketEvent[] = []
  wanted = 0
  kept = 0
  /** When a look ends. */
  looked: Promise<unknown> = Promise.resolve()

  async look(): Promise<void> {
    await this.looked
  }
  async oldest({ at, key }: Mark, most: number): Promise<readonly BucketEvent[]> {
    await Promise.resolve()
    const timeOf = (it: BucketEvent) => Date.parse(it.at)
    return this.all
      .filter((it) => timeOf(it) > at || (timeOf(it) === at && it.key > key))
      .sort((a, b) => timeOf(a) - timeOf(b) || (a.key < b.key ? -1 : 1))
      .slice(0, most)
  }
  want(): () => void {
    this.wanted += 1
    return () => (this.wanted -= 1)
  }
  keep(): () => void {
    this.kept += 1
    return () => (this.kept -= 1)
  }
  arrives(...events: BucketEvent[]): void {
    this.all.push(...events)
    this.recent.add(events)
  }
}

class PlayedLog {
  id = 'a'
  dropped = 0
  readonly entries: LoggedEvent[] = []
  readonly listeners = new Set<() => void>()
  get last(): number {
    return this.entries.length
  }
  reader(seq: number) {
    const { entries } = this
    const reader = {
      seq,
      async *read(): AsyncGenerator<LoggedEvent, undefined> {
        for (; reader.seq < entries.length;) {
          reader.seq += 1
          yield await Promise.resolve(entries[reader.seq - 1] as LoggedEvent)
        }
      },
    }
    return reader
  }
  onNew(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
  async flushed(): Promise<void> {
    await Promise.resolve()
  }
  happens(...events: LoggedEvent[]): void {
    this.entries.push(...events)
    for (const listener of this.listeners) listener()
  }
}

/** What a follower was told, at the pace of a test. */
class Told implements FollowerLines {
  readonly events: string[] = []
  readonly known: string[] = []
  readonly progress: Progress[] = []
  isStopped = false
  #resume: (() => void) | undefined

  write(line: FollowLine): boolean {
    if ('event' in line) this.events.push('name' in line.event ? line.event.name : line.event.event)
    else if ('known' in line) this.known.push('name' in line.known ? line.known.name : line.known.event)
    else this.progress.push(line.progress)
    return !this.isStopped
  }
  drained(): Promise<void> {
    return new Promise((resolve) => (this.#resume = resolve))
  }
  goesOn(): void {
    this.isStopped = false
    this.#resume?.()
  }
}

class World {
  readonly log = new PlayedLog()
  readonly source = new PlayedSource()
  readonly over = new AbortController()

  constructor(t: Test) {
    this.source.through = noon
    t.teardown(() => this.over.abort())
  }

  follow(beginning: Partial<Beginning> = {}, told = new Told()): { told: Told; ended: Promise<void> } {
    const { log, source } = this
    const clock = { now: () => noon, bucketNow: () => noon }
    const options = { log, source, clock, heartbeat: 50, patience: 50 }
    const follower = new Follower(options, told, { from: undefined, isFollowing: true, ...beginning })
    return { told, ended: follower.run(this.over.signal) }
  }
}

async function told(events: readonly string[], all: Told): Promise<void> {
  await until(events.join(), () => events.every((it) => all.events.includes(it)))
}

t.test('who asks once is told all from a time on, in order, and where to go on', async (t) => {
  const world = new World(t)
  const { log, source } = world
  log.entries.push(queued('before', noon - 9_000), queued('b', noon - 3_000), queued('d', noon - 1_000))
  source.all.push(received('early', noon - 9_000), received('a', noon - 4_000), received('c', noon - 2_000))
  const { told, ended } = world.follow({ from: noon - 5_000, isFollowing: false })
  await ended
  t.same(told.events, ['a', 'b', 'c', 'd'])
  t.same(told.progress, [{ log: 'a', seq: 3, from: noon - 5_000, missing: undefined }])
  t.equal(source.kept, 0)
})

t.test('who has much to be told keeps nobody waiting, and is told no more when it ends', async (t) => {
  const world = new World(t)
  const many = Array.from({ length: 1_000 }, (_, n) => received(String(n), noon - 60_000 + n))
  world.source.all.push(...many)
  let turns = 0
  const count = (): void => {
    turns += 1
    if (!world.over.signal.aborted) setImmediate(count)
  }
  setImmediate(count)
  const first = world.follow({ from: noon - 90_000, isFollowing: false })
  await first.ended
  t.equal(first.told.events.length, 1_000)
  t.ok(turns >= 40, `others had ${turns} turns`)
  const told = new Told()
  const write = told.write.bind(told)
  told.write = (line) => {
    if (told.events.length === 99) world.over.abort()
    return write(line)
  }
  await world.follow({ from: noon - 90_000 }, told).ended
  t.equal(told.events.length, 100)
})

t.test('who follows is told what happens from now on', async (t) => {
  const world = new World(t)
  world.log.entries.push(queued('before', noon - 9_000))
  world.source.all.push(received('early', noon - 9_000))
  const follower = world.follow()
  await until('the first sign of life', () => follower.told.progress.length > 0)
  world.log.happens(queued('one', noon))
  await told(['one'], follower.told)
  world.source.arrives(received('two', noon))
  await told(['two'], follower.told)
  t.same(follower.told.events, ['one', 'two'])
  t.match(follower.told.progress.at(-1), { seq: 2 })
  world.over.abort()
  await follower.ended
  t.same([world.source.kept, world.source.wanted, world.log.listeners.size], [0, 0, 0])
})

t.test(
  'who keeps what he was told learns what is there already, and is told what comes between it when he goes on',
  async (t) => {
    const world = new World(t)
    const hour = 3_600_000
    world.source.all.push(received('old', noon - hour - 9_000), received('there', noon - 9_000))
    const first = world.follow({ isKept: true, isFollowing: false })
    await first.ended
    t.same([first.told.events, first.told.known], [[], ['there']])
    const { log, seq, from } = first.told.progress.at(-1) as Progress
    world.source.all.push(received('uploaded in parts', noon - 8_000))
    const next = world.follow({ logged: { log, seq }, from, isKept: true, isFollowing: false })
    await next.ended
    t.same(
      next.told.events.sort(),
      ['there', 'uploaded in parts'],
      'the one that is known is passed over by the cursor',
    )
    t.same(next.told.known, [])
  },
)

t.test('what was there when the bucket could not be looked at is known once it can', async (t) => {
  const world = new World(t)
  world.source.through = undefined
  const follower = world.follow({ isKept: true })
  await until('the first sign of life', () => follower.told.progress.length > 0)
  world.source.all.push(received('there', noon - 9_000))
  world.source.through = noon
  world.source.recent.invalidate()
  await until('it is known', () => follower.told.known.length > 0)
  world.source.all.push(received('late', noon - 8_000))
  world.source.recent.invalidate()
  await told(['late'], follower.told)
  world.over.abort()
  await follower.ended
})

t.test('who goes on is told what he missed, by number, and by time with what may have come between', async (t) => {
  const world = new World(t)
  const old = new Date(0).getTime()
  world.log.entries.push(queued('1', noon), queued('2', old), queued('3', noon))
  world.source.all.push(received('missed', noon - 1_000))
  const beginning = { logged: { log: 'a', seq: 1 }, from: noon - 2_000, isFollowing: false }
  const { told, ended } = world.follow(beginning)
  await ended
  t.same([...told.events].sort(), ['2', '3', 'missed'], 'whatever this machine’s clock says')
})

t.test('numbers of another log mean nothing: then the time counts', async (t) => {
  const world = new World(t)
  world.log.entries.push(queued('1', noon - 9_000), queued('2', noon))
  const { told, ended } = world.follow({ logged: { log: 'b', seq: 7 }, from: noon - 2_000, isFollowing: false })
  await ended
  t.same(told.events, ['2'])
})

t.test(
  'what is written down later is told whatever its time, as this machine’s clock may have been set back',
  async (t) => {
    const world = new World(t)
    world.log.entries.push(queued('1', noon))
    const follower = world.follow({ logged: { log: 'b', seq: 7 }, from: noon - 2_000 })
    await told(['1'], follower.told)
    world.log.happens(queued('2', noon - 9_000))
    await told(['2'], follower.told)
  },
)

t.test('what has happened and is on its way to the log is told, too', async (t) => {
  const world = new World(t)
  const { log } = world
  log.flushed = () => {
    log.happens(queued('just now', noon))
    return Promise.resolve()
  }
  const { told, ended } = world.follow({ from: noon - 2_000, isFollowing: false })
  await ended
  t.same(told.events, ['just now'])
})

t.test('who was away for too long is told that some are missing', async (t) => {
  const world = new World(t)
  world.log.entries.push(queued('1', noon), queued('2', noon))
  world.log.dropped = 1
  const away = world.follow({ logged: { log: 'a', seq: 0 }, from: noon, isFollowing: false })
  await away.ended
  t.equal(away.told.events[0], 'gap')
  const near = world.follow({ logged: { log: 'a', seq: 1 }, from: noon, isFollowing: false })
  await near.ended
  t.same(near.told.events, ['2'])
})

t.test('who does not read is waited for, by nobody else, and is told all when he goes on', async (t) => {
  const world = new World(t)
  const slow = world.follow()
  const quick = world.follow()
  await until('both', () => slow.told.progress.length > 0 && quick.told.progress.length > 0)
  slow.told.isStopped = true
  const names: string[] = []
  for (let i = 0; i < 100; i += 1) {
    names.push(`order-${i}`)
    world.source.arrives(received(`order-${i}`, noon + i))
    if (i % 5 === 0) await told([`order-${i}`], quick.told)
  }
  await told(names, quick.told)
  t.ok(slow.told.events.length <= 1, 'nothing is put where he does not read it')
  t.equal(world.source.wanted, 1, 'nor looked for on his behalf')
  slow.told.goesOn()
  await told(names, slow.told)
})

t.test('how far all is known moves on with the bucket, an hour behind it', async (t) => {
  const world = new World(t)
  const follower = world.follow({ from: noon - 24 * lookBack })
  await until('the first', () => follower.told.progress.length > 0)
  t.match(follower.told.progress[0], { from: noon - lookBack })
  world.source.through = noon + lookBack
  await until('the next', () => follower.told.progress.at(-1)?.from === noon)
  world.source.missing = 'The bucket does not answer.'
  await until('the sentence', () => follower.told.progress.at(-1)?.missing === 'The bucket does not answer.')
})

t.test('in an outage the rest is told at once, and what is in the bucket when it is known', async (t) => {
  const world = new World(t)
  world.source.through = undefined
  let answer = (): void => undefined
  world.source.looked = new Promise<void>((resolve) => (answer = resolve))
  world.log.entries.push(queued('1', noon))
  const follower = world.follow({ from: noon - 1_000 })
  await told(['1'], follower.told)
  world.source.all.push(received('a', noon))
  world.source.recent.invalidate()
  answer()
  await told(['a'], follower.told)
  t.same(follower.told.events, ['1', 'a'])
})

t.test('what happens while he is told the beginning is told after it', async (t) => {
  const world = new World(t)
  const told1 = new Told()
  told1.isStopped = true
  world.source.all.push(received('a', noon), received('b', noon))
  const follower = world.follow({ from: noon - 1_000 }, told1)
  await until('the first', () => follower.told.events.length === 1)
  world.source.arrives(received('c', noon + 1))
  world.log.happens(queued('d', noon + 2))
  await nextTurn()
  told1.goesOn()
  await told(['a', 'b', 'c', 'd'], told1)
})

t.test('who is gone ends it', async (t) => {
  const world = new World(t)
  const told1 = new Told()
  const follower = world.follow({}, told1)
  await until('the first', () => told1.progress.length > 0)
  told1.write = () => {
    throw new Error('gone')
  }
  world.log.happens(queued('1', noon))
  await t.rejects(follower.ended, { message: 'gone' })
  t.same([world.source.kept, world.source.wanted, world.log.listeners.size], [0, 0, 0])
})
