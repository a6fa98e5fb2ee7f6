/** The demo's documents would pass a translator: their envelopes count right. */
import t from 'tap'
import { desadv, invoic, orders } from '../../src/demo/documents/edifact.js'
import { lineItems, orderOf } from '../../src/demo/documents/order.js'
import { acknowledgement, invoice, purchaseOrder, shipNotice } from '../../src/demo/documents/x12.js'

const all = Array.from({ length: 8 }, (_, n) => orderOf(n, 'HARBORMART', 'ACME-TOOLS', Date.UTC(2026, 10, 24, 9, 5)))

t.test('X12: ISA has 106 characters, SE counts its segments, control numbers agree', async (t) => {
  for (const order of all) {
    for (const [set, text] of [
      ['850', purchaseOrder(order)],
      ['855', acknowledgement(order)],
      ['856', shipNotice(order)],
      ['810', invoice(order)],
    ] as const) {
      t.equal(text.indexOf('~') + 1, 106)
      const segments = text.split('~').map((it) => it.trim().split('*'))
      const named = (name: string): readonly string[] => segments.find((it) => it[0] === name) ?? []
      t.equal(named('ST')[1], set)
      const [first, last] = [segments.indexOf(named('ST') as string[]), segments.indexOf(named('SE') as string[])]
      t.equal(Number(named('SE')[1]), last - first + 1)
      t.equal(named('IEA')[2], named('ISA')[13])
      t.equal(named('GE')[2], named('GS')[6])
      t.equal(named('SE')[2], named('ST')[2])
    }
  }
})

t.test('EDIFACT: UNT counts its segments, UNZ repeats the reference', async (t) => {
  for (const order of all) {
    for (const text of [orders(order), desadv(order), invoic(order)]) {
      const segments = text.split("'").map((it) => it.trim())
      const index = (name: string): number => segments.findIndex((it) => it.startsWith(name))
      const [, count] = (segments[index('UNT+')] ?? '').split('+')
      t.equal(Number(count), index('UNT+') - index('UNH+') + 1)
      const reference = (segments[index('UNB+')] ?? '').split('+').at(-1)
      t.equal(segments[index('UNZ+')], `UNZ+1+${reference ?? ''}`)
    }
  }
})

t.test('GTINs have the check digit of GS1', async (t) => {
  for (const { gtin } of all.flatMap((order) => lineItems(order))) {
    const sum = Array.from(gtin).reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 1 : 3), 0)
    t.equal(gtin.length, 13)
    t.equal(sum % 10, 0)
  }
})
