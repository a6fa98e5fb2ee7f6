/** ANSI X12 4010 documents: an envelope that counts for itself, and the four that a manufacturer and a retailer exchange. */
import type { EpochMs } from '../../units.js'
import { lineItems, type Order } from './order.js'

/** Elements of one segment, the name first. */
type Segment = readonly (string | number)[]

interface Envelope {
  readonly sender: string
  readonly receiver: string
  /** Of the functional group: PO, PR, SH, IN. */
  readonly group: string
  /** Of the transaction set: 850, 855, 856, 810. */
  readonly set: string
  readonly control: number
  readonly at: EpochMs
}

/** Purchase order. */
export function purchaseOrder(order: Order): string {
  return interchange({ ...toSeller(order), group: 'PO', set: '850' }, [
    ['BEG', '00', 'NE', order.number, '', day(order.at)],
    ['CUR', 'BY', 'USD'],
    ['DTM', '002', day(order.deliverBy)],
    ...party('BY', order.buyer, 'PURCHASING'),
    ...party('ST', order.buyer, 'DISTRIBUTION CENTER 7'),
    ...lineItems(order).flatMap((it, i): Segment[] => [
      ['PO1', i + 1, it.quantity, 'EA', it.price.toFixed(2), '', 'UP', it.gtin, 'VN', it.article],
      ['PID', 'F', '', '', '', it.description.toUpperCase()],
    ]),
    ['CTT', lineItems(order).length],
  ])
}

/** Purchase order acknowledgement: all items accepted. */
export function acknowledgement(order: Order): string {
  return interchange({ ...toBuyer(order), group: 'PR', set: '855' }, [
    ['BAK', '00', 'AD', order.number, day(order.at)],
    ...lineItems(order).flatMap((it, i): Segment[] => [
      ['PO1', i + 1, it.quantity, 'EA', it.price.toFixed(2), '', 'UP', it.gtin, 'VN', it.article],
      ['ACK', 'IA', it.quantity, 'EA', '067', day(order.deliverBy)],
    ]),
    ['CTT', lineItems(order).length],
  ])
}

/** Advance ship notice: shipment, order, items. */
export function shipNotice(order: Order): string {
  return interchange({ ...toBuyer(order), group: 'SH', set: '856' }, [
    ['BSN', '00', `SHP${order.number}`, day(order.at), time(order.at), '0001'],
    ['HL', 1, '', 'S'],
    ['TD1', 'CTN25', lineItems(order).length, '', '', '', 'G', 48, 'LB'],
    ['TD5', 'B', '2', 'UPSN', 'U', 'UPS GROUND'],
    ['REF', 'BM', `BOL${order.number}`],
    ['DTM', '011', day(order.at)],
    ['HL', 2, 1, 'O'],
    ['PRF', order.number],
    ...lineItems(order).flatMap((it, i): Segment[] => [
      ['HL', i + 3, 2, 'I'],
      ['LIN', i + 1, 'UP', it.gtin],
      ['SN1', i + 1, it.quantity, 'EA'],
    ]),
    ['CTT', lineItems(order).length + 2],
  ])
}

/** Invoice. */
export function invoice(order: Order): string {
  const cents = lineItems(order).reduce((sum, it) => sum + Math.round(it.price * 100) * it.quantity, 0)
  return interchange({ ...toBuyer(order), group: 'IN', set: '810' }, [
    ['BIG', day(order.at), `INV${order.number}`, day(order.at), order.number],
    ...party('RE', order.seller, 'ACCOUNTS RECEIVABLE'),
    ['ITD', '01', '3', 2, '', 10, '', 30],
    ...lineItems(order).map((it, i): Segment => [
      ...['IT1', i + 1, it.quantity, 'EA', it.price.toFixed(2), ''],
      ...['UP', it.gtin],
    ]),
    ['TDS', cents],
    ['CTT', lineItems(order).length],
  ])
}

function toSeller(order: Order): Pick<Envelope, 'sender' | 'receiver' | 'control' | 'at'> {
  return { sender: order.buyer, receiver: order.seller, control: order.control, at: order.at }
}

function toBuyer(order: Order): Pick<Envelope, 'sender' | 'receiver' | 'control' | 'at'> {
  return { sender: order.seller, receiver: order.buyer, control: order.control, at: order.at }
}

function party(role: string, name: string, address: string): Segment[] {
  return [
    ['N1', role, name, '92', '0007'],
    ['N3', address],
    ['N4', 'COLUMBUS', 'OH', '43215', 'US'],
  ]
}

/** ISA's elements have fixed widths; SE counts the segments of the set, itself and ST included. */
function interchange(it: Envelope, body: readonly Segment[]): string {
  const control = String(it.control).padStart(9, '0')
  const set = '0001'
  const segments: Segment[] = [
    [
      ...['ISA', '00', ' '.repeat(10), '00', ' '.repeat(10), 'ZZ', it.sender.padEnd(15), 'ZZ', it.receiver.padEnd(15)],
      ...[day(it.at).slice(2), time(it.at), 'U', '00401', control, '0', 'P', '>'],
    ],
    ['GS', it.group, it.sender, it.receiver, day(it.at), time(it.at), it.control, 'X', '004010'],
    ['ST', it.set, set],
    ...body,
    ['SE', body.length + 2, set],
    ['GE', 1, it.control],
    ['IEA', 1, control],
  ]
  return segments.map((elements) => `${elements.join('*')}~\n`).join('')
}

/** CCYYMMDD. */
function day(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '')
}

/** HHMM. */
function time(at: EpochMs): string {
  return new Date(at).toISOString().slice(11, 16).replace(':', '')
}
