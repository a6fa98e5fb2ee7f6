/** What comes is counted as it is found, and who reads the figures has it looked for. */
import t from 'tap'
import type { BucketEvent } from '../../src/events/event.js'
import { Recent } from '../../src/events/recent.js'
import type { Source } from '../../src/events/source.js'
import { Happenings } from '../../src/metrics/happenings.js'
import { PartnerLabels } from '../../src/metrics/partner-labels.js'
import { Samples } from '../../src/metrics/samples.js'
import { Figures } from '../helpers/figures.js'

function world() {
  const clock = { time: 0 }
  const recent = new Recent<BucketEvent>(100)
  const told = { looks: 0, kept: 0 }
  const source: Source = {
    recent,
    through: undefined,
    missing: undefined,
    look: async () => void (told.looks += 1),
    oldest: async () => [],
    want: () => () => undefined,
    keep: () => {
      told.kept += 1
      return () => (told.kept -= 1)
    },
  }
  const every = 60_000
  const happenings = new Happenings({
    source,
    labels: new PartnerLabels(),
    every,
    clock: { monotonic: () => clock.time },
  })
  const figures = (): Figures => {
    const samples = new Samples()
    happenings.tell(samples)
    return new Figures(samples.text())
  }
  return { clock, recent, told, happenings, figures }
}

const event = (name: BucketEvent['event'], more: object = {}) =>
  ({ event: name, station: 'ACME', partner: 'GLOBEX', ...more }) as unknown as BucketEvent

t.test('it is looked at most once within a time, however often somebody reads', async (t) => {
  const { clock, told, happenings } = world()
  t.same(told, { looks: 0, kept: 0 }, 'while nobody reads, nothing is')
  for (let i = 0; i < 5; i += 1) happenings.asked()
  t.same(told, { looks: 1, kept: 1 })
  clock.time = 60_000
  happenings.asked()
  t.same(told, { looks: 2, kept: 1 })
  happenings.close()
  t.equal(told.kept, 0, 'nothing is kept for it afterwards')
})

t.test('each is counted once, by what it says', async (t) => {
  const { recent, happenings, figures } = world()
  t.teardown(() => happenings.close())
  recent.add([event('received'), event('refused')])
  recent.add([event('received'), event('delivered', { warned: true }), event('overdue'), event('mdn-unreadable')])
  t.equal(figures().of('as2fs_received_total'), 2)
  for (const result of ['refused', 'warned', 'overdue']) {
    t.equal(figures().of('as2fs_delivery_results_total', { result }), 1, result)
  }
  t.equal(figures().of('as2fs_delivery_results_total', { result: 'delivered' }), 0)
})

t.test('what may be known already does not count, and what comes after it does', async (t) => {
  const { recent, happenings, figures } = world()
  t.teardown(() => happenings.close())
  recent.add([event('received')])
  recent.invalidate()
  t.equal(figures().of('as2fs_received_total'), 1)
  recent.add([event('received')])
  t.equal(figures().of('as2fs_received_total'), 2)
})
