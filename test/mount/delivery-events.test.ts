/** What `as2fs events` tells of receipts, on a real mount, with the played gateway at the same bucket. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Gateway } from '../../src/demo/gateway.js'
import { receipts, type Receipt } from '../../src/demo/receipt.js'
import type { AnyEvent, DeliveryEvent } from '../../src/events/event.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { EventFollower } from '../helpers/event-follower.js'
import { prepare, type Mounted } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

const owner = { station: 'ACME', partner: 'GLOBEX' }

interface World {
  readonly mounted: Mounted
  readonly gateway: Gateway
  readonly cursor: string
}

/** What partners answer, by the name of the file. */
const answers: Readonly<Record<string, readonly Receipt[]>> = {
  'good.edi': [receipts.processed],
  'warned.edi': [receipts.warned],
  'refused.edi': [receipts.error],
  'changed.edi': [receipts.failed, { ...receipts.processed, after: 1_500 }],
  'contradictory.edi': [receipts.contradictory],
  'deleted.edi': [receipts.deleted],
  'odd.edi': [{ ...receipts.processed, form: 'html' }],
}

async function world(t: Test, flags: readonly string[] = []): Promise<World> {
  const ttl = ['--list-ttl', '300ms', '--station', 'ACME/GLOBEX']
  const mounted = await prepare(t, { flags: [...ttl, '--mdn-expect', 'always', ...flags] })
  const gateway = new Gateway({
    ...{ server: mounted.server, clock: systemClock, takeAfter: 0, mdnAfter: 500, mdnLayout: 'dated' },
    answers: ({ filename }) => answers[filename] ?? [],
  })
  t.teardown(() => gateway.stop())
  gateway.start(100)
  await mounted.mount()
  return { mounted, gateway, cursor: join(mounted.directory, 'cursor') }
}

/** Follows, as soon as it is really told what happens. */
async function follower(t: Test, { mounted, gateway, cursor }: World): Promise<EventFollower> {
  const following = new EventFollower(t, mounted, ['--cursor', cursor])
  await until('it to follow', () => {
    gateway.receive(owner, `probe-${gateway.events.length}`, Buffer.from('UNA'))
    return following.told.length > 0
  })
  return following
}

async function send({ mounted }: World, ...names: readonly string[]): Promise<void> {
  for (const name of names) await writeFile(mounted.path('ACME/GLOBEX/send', name), `ISA*${name}`)
}

function isDelivery(event: AnyEvent): event is DeliveryEvent {
  return ['delivered', 'refused', 'overdue'].includes(event.event)
}

function outcomes(following: EventFollower): string[] {
  return following.events.filter(isDelivery).map((it) => `${it.event} ${it.name}`)
}

t.test(
  'who follows is told what receipts say, each once, with the reason; of one that says nothing mdn-unreadable',
  async (t) => {
    const all = await world(t)
    const { mounted, gateway } = all
    const following = await follower(t, all)
    await send(all, ...Object.keys(answers))
    await following.hears(
      ...['delivered good.edi', 'delivered warned.edi', 'refused refused.edi', 'refused contradictory.edi'],
      ...['refused changed.edi', 'delivered changed.edi', 'mdn-unreadable'],
    )
    const event = (name: string) => following.events.filter(isDelivery).find((it) => it.name === name)
    const refused = event('refused.edi')
    t.match(refused, {
      ...owner,
      disposition: /processed\/error: authentication-failed/,
      mdn: /^AS2\/raw-mdn\/incoming\/20/,
    })
    t.equal(await readFile(mounted.path(refused?.path ?? ''), 'utf8'), 'ISA*refused.edi', 'its path is where it is')
    t.match(event('warned.edi'), { warned: true })
    t.match(event('contradictory.edi'), { contradictory: true })
    t.equal(event('good.edi')?.warned, undefined)

    const unreadable = following.events.find((it) => it.event === 'mdn-unreadable')
    t.match(await readFile(mounted.path(unreadable?.path ?? ''), 'utf8'), /502 Bad Gateway/)

    // The partner says that it has it already.
    gateway.resend(event('good.edi')?.key ?? '')
    const before = gateway.events.length
    await until('the receipt', () => gateway.events.slice(before).some((it) => it.what === 'mdn'))
    gateway.receive(owner, 'afterwards.edi', Buffer.from('UNA'))
    await following.hears('received afterwards.edi')
    const told = outcomes(following)
    t.equal(new Set(told).size, told.length)
    t.equal(told.length, 6)
  },
)

t.test('receipts that come while the daemon is down are told to who goes on with a cursor', async (t) => {
  const all = await world(t)
  const { mounted, gateway, cursor } = all
  const first = await follower(t, all)
  await send(all, 'good.edi', 'late.edi', 'refused-later.edi')
  await first.hears('delivered good.edi', 'taken late.edi', 'taken refused-later.edi')
  first.signal('SIGKILL')
  await mounted.kill('SIGKILL')
  const keyOf = (name: string) => gateway.sent.find((it) => it.filename === name)?.key ?? ''
  gateway.answer(keyOf('late.edi'), { ...receipts.processed, form: 'bare' })
  gateway.answer(keyOf('refused-later.edi'), { ...receipts.denied, form: 'signed' })
  await mounted.mount()
  const second = new EventFollower(t, mounted, ['--cursor', cursor])
  await second.hears('delivered late.edi', 'refused refused-later.edi')
  const told = outcomes(second)
  t.equal(new Set(told).size, told.length, 'each once')
})

t.test('a receipt that does not come in time is told as overdue, and one that comes late as delivered', async (t) => {
  const all = await world(t, ['--mdn-overdue', '3s'])
  const following = await follower(t, all)
  await send(all, 'never.edi', 'good.edi')
  await following.hears('overdue never.edi', 'delivered good.edi')
  all.gateway.answer(all.gateway.sent.find((it) => it.filename === 'never.edi')?.key ?? '', receipts.processed)
  await following.hears('delivered never.edi')
  t.same(outcomes(following).sort(), ['delivered good.edi', 'delivered never.edi', 'overdue never.edi'])
})
