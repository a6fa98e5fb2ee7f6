/** A pass over an outbox is made once, until something has changed or time has passed. */
import t from 'tap'
import { OutboxScans, scanOutbox } from '../../src/daemon/outbox-scans.js'
import type { OutboxDeliveries, SentMessage } from '../../src/delivery/deliveries.js'

const states = ['refused', 'pending', 'delivered', 'pending'] as const

/** Four messages, the latest first; counts how often it is gone through. */
class Outbox {
  passes = 0
  readonly prefix = 'AS2/files/ACME/GLOBEX/outbox/'
  changes = 0
  outbox = { content: {} };

  *messages(): Generator<SentMessage> {
    this.passes += 1
    for (const [i, state] of states.entries()) {
      yield { sentAt: 100 - i, files: [{ key: `k${i}` }], delivery: { state } } as unknown as SentMessage
    }
  }
}

function fake(outbox: Outbox): OutboxDeliveries {
  return outbox as unknown as OutboxDeliveries
}

t.test('it counts all since a time, and has the latest of each state', async (t) => {
  const { counts, latest } = await scanOutbox(fake(new Outbox()), { since: 98, most: 1 })
  t.match(counts, { refused: 1, pending: 1, delivered: 1, warned: 0, overdue: 0 })
  t.same([latest.pending.list().map((it) => it.sentAt), latest.pending.isCut], [[99], false])
  const all = await scanOutbox(fake(new Outbox()), { since: 0, most: 1, after: { sentAt: 99, key: 'k1' } })
  t.equal(all.counts.pending, 2, 'counts are of all')
  t.same(
    all.latest.pending.list().map((it) => it.sentAt),
    [97],
    'what follows',
  )
  t.same(all.latest.refused.list(), [])
})

t.test(
  'it is made anew when the outbox, the receipts or the time that is wanted is another, and after a while',
  async (t) => {
    let now = 0
    const scans = new OutboxScans(10, { monotonic: () => now })
    const outbox = new Outbox()
    const passes = async (since = 0): Promise<number> => {
      await scans.of(fake(outbox), since)
      return outbox.passes
    }
    await Promise.all([passes(), passes()])
    t.equal(await passes(), 1, 'once for all who ask')
    outbox.changes += 1
    t.equal(await passes(), 2)
    outbox.outbox = { content: {} }
    t.equal(await passes(), 3)
    t.equal(await passes(50), 4)
    now += 29_000
    t.equal(await passes(50), 4)
    now += 2_000
    t.equal(await passes(50), 5, 'pending may be overdue')
  },
)
