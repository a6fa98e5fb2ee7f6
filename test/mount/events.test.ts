/** `as2fs events` on a real mount, with the played gateway at the same bucket. */
import { spawn } from 'node:child_process'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Gateway } from '../../src/demo/gateway.js'
import type { AnyEvent } from '../../src/events/event.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { EventFollower } from '../helpers/event-follower.js'
import { as2fs, prepare, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { inState, taken } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const owner = { station: 'ACME', partner: 'GLOBEX' }

interface World {
  readonly mounted: Mounted
  readonly gateway: Gateway
  /** Of a follower that goes on where another was. */
  readonly cursor: string
}

async function world(t: Test, flags: readonly string[] = []): Promise<World> {
  const mounted = await prepare(t, { flags: ['--list-ttl', '300ms', '--station', 'ACME/GLOBEX', ...flags] })
  const gateway = new Gateway({ server: mounted.server, clock: systemClock, takeAfter: 0, mdnAfter: 1_000_000_000 })
  t.teardown(() => gateway.stop())
  await mounted.mount()
  return { mounted, gateway, cursor: join(mounted.directory, 'cursor') }
}

async function send({ mounted, gateway }: World, name: string): Promise<void> {
  await writeFile(mounted.path('ACME/GLOBEX/send', name), `ISA*${name}`)
  await until(`${name} to be taken`, () => {
    gateway.tick()
    return gateway.sent.some((it) => it.filename === name)
  })
  await taken(mounted, name)
}

/** Runs it once, to its end. */
async function once(mounted: Mounted, ...flags: string[]): Promise<AnyEvent[]> {
  const outcome = await run(process.execPath, [as2fs, 'events', mounted.mountpoint, '--json', ...flags])
  if (outcome.code !== 0) throw new Error(outcome.stderr)
  return eventsIn(outcome.stdout)
}

/** Follows, as soon as it is really told what happens. */
async function follower(t: Test, all: World, flags: readonly string[] = []): Promise<EventFollower> {
  const following = new EventFollower(t, all.mounted, flags)
  await until('it to follow', () => {
    all.gateway.receive({ ...owner, partner: 'PROBE' }, `probe-${all.gateway.events.length}`, Buffer.from('UNA'))
    return following.told.length > 0
  })
  return following
}

function lists(mounted: Mounted): number {
  return mounted.server.requests.list.filter((it) => it.operation === 'ListObjectsV2').length
}

/** Nothing is asked of the bucket any more, for five times as long as there is between two looks. */
async function quiet(mounted: Mounted): Promise<void> {
  await until('nothing to be asked', async () => {
    const count = lists(mounted)
    await delay(1_500)
    return lists(mounted) === count
  })
}

t.test('who follows is told what comes in, and what becomes of what is sent', async (t) => {
  const all = await world(t)
  const { mounted, gateway } = all
  gateway.receive(owner, 'before.edi', Buffer.from('UNA'), { at: Date.now() - 60_000 })
  const following = await follower(t, all)
  const second = await follower(t, all)
  await send(all, 'order.edi')
  await writeFile(mounted.path('ACME/GLOBEX/send/part.tmp'), 'ISA*')
  gateway.receive(owner, 'invoice.edi', Buffer.from('UNB+UNOC:3'))
  const wanted = ['queued order.edi', 'submitted order.edi', 'taken order.edi', 'held part.tmp', 'received invoice.edi']
  for (const it of [following, second]) await it.hears(...wanted)
  t.notOk(following.told.includes('received before.edi'), 'what was there before is not new')
  const invoice = following.events.find((it) => it.event === 'received' && it.name === 'invoice.edi')
  const { path = '' } = invoice?.event === 'received' ? invoice : {}
  t.equal(await readFile(mounted.path(path), 'utf8'), 'UNB+UNOC:3', 'its path is where it is')
  const order = following.told.filter((it) => it.endsWith('order.edi'))
  t.same(order, wanted.slice(0, 3), 'in order, each once')

  await t.test('and who asks once is told the same, in order of time', async (t) => {
    const events = await once(mounted, '--since', '1h')
    const names = events.map((it) => ('name' in it ? `${it.event} ${it.name}` : it.event))
    for (const it of [...wanted, 'received before.edi']) t.ok(names.includes(it), it)
    t.same(
      events.map((it) => it.at),
      events.map((it) => it.at).sort(),
    )
    t.same(await once(mounted, '--since', '2099-01-01'), [])
  })
  await t.test('and a person reads lines', async (t) => {
    const { stdout } = await run(process.execPath, [as2fs, 'events', mounted.mountpoint])
    t.match(stdout, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}taken +ACME → GLOBEX {2}order\.edi {2}13 B$/m)
    t.match(stdout, /^\S+ {2}received +ACME ← GLOBEX {2}inbox\/\d+\/invoice\.edi {2}10 B$/m)
    t.match(stdout, /^\S+ {2}held +ACME → GLOBEX {2}part\.tmp {2}4 B {2}\(--hold\)$/m)
  })
})

t.test('while somebody follows the inboxes are looked at, and while nobody does nothing is', async (t) => {
  const all = await world(t)
  const { mounted } = all
  const following = await follower(t, all)
  const before = lists(mounted)
  await until('looks', () => lists(mounted) > before + 3)
  await following.stop()
  await quiet(mounted)
})

t.test(
  'who goes on with a cursor misses nothing: while away, while the daemon was killed, while it was down',
  async (t) => {
    const all = await world(t)
    const { mounted, gateway, cursor } = all
    const first = await follower(t, all, ['--cursor', cursor])
    await send(all, 'one.edi')
    await first.hears('taken one.edi')
    await first.stop()

    await send(all, 'two.edi')
    gateway.receive(owner, 'while-away.edi', Buffer.from('UNA'))
    await writeFile(mounted.path('ACME/GLOBEX/send/three.edi'), 'ISA*3')
    await inState(mounted, 'three.edi', 'submitted')
    await mounted.kill('SIGKILL')
    gateway.receive(owner, 'while-down.edi', Buffer.from('UNA'))
    gateway.receive({ ...owner, partner: 'HOOLI' }, 'of-another.edi', Buffer.from('UNA'))
    gateway.tick()
    await mounted.mount()

    const second = new EventFollower(t, mounted, ['--cursor', cursor])
    await second.hears(
      ...['queued two.edi', 'submitted two.edi', 'taken two.edi', 'queued three.edi', 'submitted three.edi'],
      ...['taken three.edi', 'received while-away.edi', 'received while-down.edi', 'received of-another.edi'],
    )
    t.same(
      second.told.filter((it) => it.endsWith(' one.edi')),
      [],
      'what was told before is not told again',
    )
    gateway.receive(owner, 'later.edi', Buffer.from('UNA'))
    await second.hears('received later.edi')
    await second.stop()
    t.equal(new Set(second.told).size, second.told.length, 'each once')
    const third = new EventFollower(t, mounted, ['--cursor', cursor])
    gateway.receive(owner, 'last.edi', Buffer.from('UNA'))
    await third.hears('received last.edi')
    t.same(third.told, ['received last.edi'])

    await t.test('in a state directory that was lost, what the bucket tells is told by time', async (t) => {
      await third.stop()
      await mounted.kill('SIGTERM')
      await rm(mounted.stateDirectory, { recursive: true })
      gateway.receive(owner, 'while-lost.edi', Buffer.from('UNA'))
      await mounted.mount()
      const fourth = new EventFollower(t, mounted, ['--cursor', cursor])
      await fourth.hears('received while-lost.edi')
      t.same(fourth.told, ['received while-lost.edi'])
    })
  },
)

t.test('what a crash kept from the log of events is told from the journal', async (t) => {
  const all = await world(t)
  await send(all, 'order.edi')
  await all.mounted.kill('SIGKILL')
  await rm(join(all.mounted.stateDirectory, 'events/log'))
  await all.mounted.mount()
  const told = async (): Promise<readonly string[]> =>
    (await once(all.mounted)).flatMap((it) => ('name' in it && it.name === 'order.edi' ? [it.event] : []))
  // It left send/ before it was written down what the gateway took it for: then the next mount finds that.
  await until('that it was taken', async () => (await told()).includes('taken'))
  t.same(await told(), ['queued', 'submitted', 'taken'])
})

t.test('a follower that is stopped holds nobody up, and is told all when it goes on', async (t) => {
  const all = await world(t)
  const { mounted, gateway } = all
  const [slow, quick] = [await follower(t, all), await follower(t, all)]
  slow.signal('SIGSTOP')
  const names = Array.from({ length: 3_000 }, (_, i) => `order-${i}.edi`)
  for (const name of names) gateway.receive(owner, name, Buffer.from('UNA'))
  await send(all, 'sent.edi')
  await quick.hears('taken sent.edi', ...names.map((it) => `received ${it}`))
  slow.signal('SIGCONT')
  await slow.hears('taken sent.edi', ...names.map((it) => `received ${it}`))
  t.equal(new Set(slow.told).size, slow.told.length, 'each once')

  await t.test('nor does one hold up the end of the mount', async (t) => {
    slow.signal('SIGSTOP')
    t.equal(await mounted.kill('SIGTERM'), 0)
    t.equal(await quick.ended(), 1)
    t.match(quick.err, /is not mounted any more/)
    slow.signal('SIGCONT')
    t.equal(await slow.ended(), 1)
  })
})

t.test('one that is killed is forgotten, and a reader that has seen enough ends it', async (t) => {
  const all = await world(t)
  const following = await follower(t, all)
  following.signal('SIGKILL')
  await following.ended()
  const { mountpoint } = all.mounted
  const command = `'${process.execPath}' '${as2fs}' events '${mountpoint}' | head -1`
  const { code, stdout, stderr } = await run('sh', ['-c', command])
  t.same([code, stderr], [0, ''])
  t.match(stdout, /^\S+ {2}received .*\n$/)
  await quiet(all.mounted)
})

t.test('what was not written whole is told once more: to a file that may not grow, to a full disk', async (t) => {
  const all = await world(t)
  const { mounted, gateway, cursor } = all
  const names = Array.from({ length: 200 }, (_, i) => `order-${i}.edi`)
  for (const name of names) gateway.receive(owner, name, Buffer.from('UNA'))
  const command = `'${process.execPath}' '${as2fs}' events '${mounted.mountpoint}' --json --cursor '${cursor}'`
  const part = join(mounted.directory, 'part')
  // Without tap's hooks, which have something to write at its end.
  t.same(await run('sh', ['-c', `unset NODE_OPTIONS; ulimit -f 16; ${command} >'${part}'`]), {
    ...{ code: 1, stdout: '' },
    stderr: 'as2fs: The output could not be written: file too large (EFBIG).\n',
  })
  t.equal((await stat(part)).size, 16 * 512, 'the part that there was room for')
  t.same(await run('sh', ['-c', `${command} >/dev/full`]), {
    ...{ code: 1, stdout: '' },
    stderr: 'as2fs: The output could not be written: no space left on device (ENOSPC).\n',
  })
  const before = eventsIn(await readFile(part, 'utf8'))
  t.ok(before.length < names.length)
  t.same(missing(names, [...before, ...(await once(mounted, '--cursor', cursor))]), [])
})

/** Of lines that are whole. */
function eventsIn(text: string): AnyEvent[] {
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as AnyEvent)
}

function missing(names: readonly string[], events: readonly AnyEvent[]): string[] {
  const told = new Set(events.flatMap((it) => ('name' in it ? [it.name] : [])))
  return names.filter((it) => !told.has(it))
}

t.test('what nobody took out of the pipe is told once more', async (t) => {
  const all = await world(t)
  const { mounted, gateway, cursor } = all
  const names = Array.from({ length: 4_000 }, (_, i) => `order-${i}.edi`)
  for (const name of names) gateway.receive(owner, name, Buffer.from('UNA'))
  // Without tap's hooks, which have handlers of signals.
  const args = [as2fs, 'events', mounted.mountpoint, '--json', '--since', '1d', '--follow', '--cursor', cursor]
  const slow = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => slow.kill('SIGKILL'))
  await until('something to read', () => slow.stdout.readableLength > 0)
  const { pid = 0 } = slow
  slow.kill('SIGTERM')
  // Then it has written its cursor, and waits for its reader alone.
  await until('it to end but for that', async () => !(await catches(pid, 15)))
  slow.kill('SIGKILL')
  let text = ''
  for await (const chunk of slow.stdout.setEncoding('utf8') as AsyncIterable<string>) text += chunk
  const before = eventsIn(text)
  t.ok(before.length < names.length, 'it was not read to its end')
  t.same(missing(names, [...before, ...(await once(mounted, '--cursor', cursor))]), [])
})

/** Whether a process does something of its own at a signal. */
async function catches(pid: number, signal: number): Promise<boolean> {
  const [, mask = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n
}

t.test('the bucket is told lost and back, keys refused and accepted', async (t) => {
  const all = await world(t)
  const { mounted } = all
  const following = await follower(t, all)
  mounted.server.intercept = () => ({ status: 503, code: 'SlowDown' })
  await following.hears('bucket-lost')
  mounted.server.intercept = undefined
  await following.hears('bucket-back')
  const { keys } = mounted.server
  mounted.server.keys = { ...keys, accessKey: 'AKIAANOTHER' }
  await following.hears('keys-refused')
  mounted.server.keys = keys
  await following.hears('keys-accepted')
  const reasons = following.events.flatMap((it) => ('reason' in it ? [it.reason] : []))
  t.equal(reasons.length, 2)
  for (const it of reasons) t.match(it, /\S+\.$/)
})

t.test('with a cursor it goes on run after run, from whenever it began', async (t) => {
  const { mounted, cursor, gateway } = await world(t)
  gateway.receive(owner, 'first.edi', Buffer.from('UNA'))
  await until('the first', async () => (await once(mounted)).length > 0)
  t.equal((await once(mounted, '--cursor', cursor)).length, 1)
  t.same(await once(mounted, '--cursor', cursor), [])
  // One of an earlier version, with a part of a millisecond in it.
  await writeFile(cursor, (await readFile(cursor, 'utf8')).replace(/"from":(\d+)/, '"from":$1.25'))
  gateway.receive(owner, 'second.edi', Buffer.from('UNA'))
  await until('the second', async () => (await once(mounted)).length > 1)
  t.match(await once(mounted, '--cursor', cursor), [{ event: 'received', name: 'second.edi' }])
})

t.test('a file that is no cursor is left alone, and a time that is none refused', async (t) => {
  const { mounted, cursor } = await world(t)
  await writeFile(cursor, 'my thesis')
  const events = (...flags: string[]) => run(process.execPath, [as2fs, 'events', mounted.mountpoint, ...flags])
  const refused = await events('--cursor', cursor)
  t.equal(refused.code, 1)
  t.match(refused.stderr, /is no cursor of as2fs events/)
  t.equal(await readFile(cursor, 'utf8'), 'my thesis')
  t.match(await events('--since', 'yesterday'), { code: 1, stderr: /--since: 'yesterday' is no time/ })
  t.match(await run(process.execPath, [as2fs, 'events', mounted.directory]), {
    code: 1,
    stderr: /is not a mount of as2fs/,
  })
})
