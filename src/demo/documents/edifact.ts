/** UN/EDIFACT D.96A documents: an envelope that counts for itself, and the three that most European trade runs on. */
import type { EpochMs } from '../../units.js'
import { lineItems, type Order } from './order.js'

/** Segments as they are written, without their terminator. */
type Segments = readonly string[]

/** The buyer's order. */
export function orders(order: Order): string {
  return interchange(order, order.buyer, order.seller, 'ORDERS', [
    `BGM+220+${order.number}+9`,
    `DTM+137:${day(order.at)}:102`,
    `DTM+2:${day(order.deliverBy)}:102`,
    ...parties(order),
    'CUX+2:EUR:9',
    ...lineItems(order).flatMap((it, i) => [
      `LIN+${i + 1}++${it.gtin}:EN`,
      `PIA+5+${it.article}:SA`,
      `IMD+F++:::${escaped(it.description)}`,
      `QTY+21:${it.quantity}:PCE`,
      `PRI+AAA:${it.price.toFixed(2)}`,
    ]),
    'UNS+S',
    `CNT+2:${lineItems(order).length}`,
  ])
}

/** The seller's despatch advice. */
export function desadv(order: Order): string {
  return interchange(order, order.seller, order.buyer, 'DESADV', [
    `BGM+351+DES${order.number}+9`,
    `DTM+137:${day(order.at)}:102`,
    `RFF+ON:${order.number}`,
    ...parties(order),
    'CPS+1',
    `PAC+${lineItems(order).length}++CT`,
    ...lineItems(order).flatMap((it, i) => [`LIN+${i + 1}++${it.gtin}:EN`, `QTY+12:${it.quantity}:PCE`]),
  ])
}

/** The seller's invoice, with 19 % VAT. */
export function invoic(order: Order): string {
  const net = lineItems(order).reduce((sum, it) => sum + it.price * it.quantity, 0)
  return interchange(order, order.seller, order.buyer, 'INVOIC', [
    `BGM+380+INV${order.number}+9`,
    `DTM+137:${day(order.at)}:102`,
    `RFF+ON:${order.number}`,
    ...parties(order),
    'CUX+2:EUR:4',
    ...lineItems(order).flatMap((it, i) => [
      `LIN+${i + 1}++${it.gtin}:EN`,
      `QTY+47:${it.quantity}:PCE`,
      `MOA+203:${(it.price * it.quantity).toFixed(2)}`,
      `PRI+AAA:${it.price.toFixed(2)}`,
    ]),
    'UNS+S',
    `MOA+79:${net.toFixed(2)}`,
    `MOA+124:${(net * 0.19).toFixed(2)}`,
    `MOA+86:${(net * 1.19).toFixed(2)}`,
    'TAX+7+VAT+++:::19+S',
  ])
}

function parties({ buyer, seller }: Order): Segments {
  return [`NAD+BY+${escaped(buyer)}::92`, `NAD+SU+${escaped(seller)}::92`]
}

/** UNT counts the segments of the message, itself and UNH included. */
function interchange(order: Order, sender: string, receiver: string, type: string, body: Segments): string {
  const at = new Date(order.at).toISOString()
  const when = `${day(order.at).slice(2)}:${at.slice(11, 16).replace(':', '')}`
  const segments = [
    "UNA:+.? '",
    `UNB+UNOC:3+${escaped(sender)}:ZZ+${escaped(receiver)}:ZZ+${when}+${order.control}'`,
    `UNH+1+${type}:D:96A:UN:EAN008'`,
    ...body.map((segment) => `${segment}'`),
    `UNT+${body.length + 2}+1'`,
    `UNZ+1+${order.control}'`,
  ]
  return segments.map((segment) => `${segment}\r\n`).join('')
}

/** The release character goes before what would end an element. */
function escaped(text: string): string {
  return text.replaceAll(/[?'+:]/g, '?$&')
}

function day(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '')
}
