/** Documents as partners send them: several partners, some late and so out of order, some under a name that was used before. */
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import { between, seededRandom } from './random.js'
import { firstReply, orderDocument, trades, type Document, type Trade } from './seed.js'
import { orderOf } from './documents/order.js'

export interface Arrival extends Document {
  /** Before it came its message got its id, by which keys are in order. */
  readonly delay: Milliseconds
  /** What the station answers. */
  readonly reply: Document
}

export interface ArrivalsOptions {
  readonly seed: number
  /** Who sends; those of the demo by default. */
  readonly partners?: readonly Partner[]
  /** How many of a hundred have a name that the partner has used before; 8. */
  readonly repeatedNames?: number
  /** How many of a hundred come out of order; 8. */
  readonly outOfOrder?: number
}

/** Longer than what a mount looks back by itself (15 minutes). */
const longestDelay: Milliseconds = 40 * 60 * 1000

/** Without end; the same seed and times give the same. @param now when the next one comes */
export function* arrivals(options: ArrivalsOptions, now: () => EpochMs): Generator<Arrival, never> {
  const { seed, partners = trades, repeatedNames = 8, outOfOrder = 8 } = options
  const random = seededRandom(seed)
  const known = partners.map(tradeOf)
  const names = new Map<Trade, string[]>()
  for (let n = 0; ; n += 1) {
    const trade = known[between(random, 0, known.length)]
    if (!trade) throw new RangeError('nobody is there who could send')
    const order = orderOf(500 + n, trade.partner, trade.station, now())
    const document = orderDocument(trade, order)
    const used = names.get(trade) ?? []
    const isRepeated = between(random, 0, 100) < repeatedNames
    const filename = (isRepeated ? used[between(random, 0, used.length)] : undefined) ?? document.filename
    names.set(trade, [...used.slice(-31), filename])
    const isLate = between(random, 0, 100) < outOfOrder
    const reply = firstReply(trade, order)
    yield { ...document, filename, reply, delay: isLate ? between(random, 1_000, longestDelay) : 0 }
  }
}

function tradeOf(partner: Partner, n: number): Trade {
  const known = trades.find((it) => it.station === partner.station && it.partner === partner.partner)
  return known ?? { ...partner, standard: n % 2 === 0 ? 'x12' : 'edifact', past: 0 }
}
