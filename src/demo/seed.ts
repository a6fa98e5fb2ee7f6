/** A believable past for the demo: two stations, four partners, a week of orders, invoices and receipts. */
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import { desadv, invoic, orders } from './documents/edifact.js'
import { orderOf, type Order } from './documents/order.js'
import { acknowledgement, invoice, purchaseOrder, shipNotice } from './documents/x12.js'
import type { Gateway } from './gateway.js'
import { receipts, type Receipt } from './receipt.js'
import type { S3Server } from './s3/server.js'

export interface Trade extends Partner {
  readonly standard: 'x12' | 'edifact'
  /** Orders of the past week. */
  readonly past: number
}

/** A document on its way. */
export interface Document extends Partner {
  readonly filename: string
  readonly bytes: Buffer
}

export const trades: readonly Trade[] = [
  { station: 'ACME-TOOLS', partner: 'HARBORMART', standard: 'x12', past: 6 },
  { station: 'ACME-TOOLS', partner: 'GROVER_RETAIL', standard: 'x12', past: 3 },
  { station: 'ACME-TOOLS-EU', partner: 'BAUHOF', standard: 'edifact', past: 5 },
  { station: 'ACME-TOOLS-EU', partner: 'LINDEN LOGISTIK', standard: 'edifact', past: 2 },
]
/** How a partner of the demo answers: one refuses, one is late, one warns. */
export function answersOf(partner: string): readonly Receipt[] {
  switch (partner) {
    case 'GROVER_RETAIL':
      return [receipts.error]
    case 'BAUHOF':
      return [{ ...receipts.processed, after: 90_000 }]
    case 'LINDEN LOGISTIK':
      return [receipts.warned]
    default:
      return [receipts.processed]
  }
}

const day: Milliseconds = 24 * 3600 * 1000
const reply: Milliseconds = 47 * 60 * 1000

/** Where a visitor begins. */
export const firstPartner: Partner = { station: 'ACME-TOOLS', partner: 'HARBORMART' }

/** Who refused one of those of the past. */
export const refusingPartner: Partner = { station: 'ACME-TOOLS-EU', partner: 'BAUHOF' }

/** Fills the bucket with what was exchanged until now; one invoice was refused, one was sent twice. */
export function seedPast(gateway: Gateway, server: S3Server, now: EpochMs): void {
  for (const [t, trade] of trades.entries()) {
    for (let n = 0; n < trade.past; n += 1) {
      const at = now - 7 * day + Math.floor(((n + 0.3 + t / 10) / trade.past) * 6.5 * day)
      const order = orderFrom(trade, 100 * t + n, at)
      const incoming = orderDocument(trade, order)
      gateway.receive(trade, incoming.filename, incoming.bytes, { at })
      const isRefused = trade.partner === refusingPartner.partner && n === 1
      const first = isRefused ? receipts.error : receipts.processed
      for (const [i, sent] of replies(trade, order).entries()) {
        gateway.recordSent(trade, sent.filename, sent.bytes, at + (i + 1) * reply, i === 0 ? first : receipts.processed)
      }
    }
  }
  const twice = replies(trades[0] as Trade, orderFrom(trades[0] as Trade, 0, now - day)).at(-1)
  if (twice) {
    const key = `AS2/duplicate/${twice.station}/${twice.partner}/${twice.filename}`
    server.put(key, twice.bytes, { mtime: now - day })
  }
}

function orderFrom({ station, partner }: Trade, n: number, at: EpochMs): Order {
  return orderOf(n, partner, station, at)
}

export function orderDocument(trade: Trade, order: Order): Document {
  return trade.standard === 'x12'
    ? document(trade, `PO_${order.number}.x12`, purchaseOrder(order))
    : document(trade, `ORDERS_${order.number}.edi`, orders(order))
}

/** The acknowledgement, or what comes first in its place. */
export function firstReply(trade: Trade, order: Order): Document {
  const [first] = replies(trade, order)
  return first
}

function replies(trade: Trade, order: Order): readonly [Document, ...Document[]] {
  return trade.standard === 'x12'
    ? [
        document(trade, `855_${order.number}.x12`, acknowledgement(order)),
        document(trade, `856_${order.number}.x12`, shipNotice(order)),
        document(trade, `INV_${order.number}.x12`, invoice(order)),
      ]
    : [
        document(trade, `DESADV_${order.number}.edi`, desadv(order)),
        document(trade, `INVOIC_${order.number}.edi`, invoic(order)),
      ]
}

function document({ station, partner }: Trade, filename: string, text: string): Document {
  return { station, partner, filename, bytes: Buffer.from(text, 'latin1') }
}
