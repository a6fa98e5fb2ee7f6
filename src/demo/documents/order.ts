/** The order behind a document: the same number gives the same order. */
import type { EpochMs } from '../../units.js'

export interface Order {
  readonly number: string
  /** Of the interchange that carries it. */
  readonly control: number
  readonly buyer: string
  readonly seller: string
  readonly at: EpochMs
  readonly deliverBy: EpochMs
}

export interface LineItem {
  readonly gtin: string
  readonly article: string
  readonly description: string
  readonly quantity: number
  readonly price: number
}

const day = 24 * 3600 * 1000
const firstNumber = 4_500_017_200

const catalogue = [
  { description: 'Hex bolt M8x40, zinc plated', price: 0.14 },
  { description: 'Cordless drill 18 V with case', price: 74.9 },
  { description: 'Work gloves size 10', price: 3.85 },
  { description: 'Spirit level 60 cm', price: 18.5 },
  { description: 'Cable reel 25 m', price: 32.75 },
  { description: 'Folding rule 2 m', price: 4.2 },
  { description: 'Safety goggles, clear', price: 6.3 },
] as const

/** @param n which of the partners' orders, from 0 */
export function orderOf(n: number, buyer: string, seller: string, at: EpochMs): Order {
  return { number: String(firstNumber + n), control: 1000 + n, buyer, seller, at, deliverBy: at + 10 * day }
}

export function lineItems({ control }: Order): readonly LineItem[] {
  return Array.from({ length: 2 + (control % 3) }, (_, i) => {
    const which = (control + 3 * i) % catalogue.length
    const { description, price } = catalogue[which] ?? catalogue[0]
    const article = `AT-${1040 + 15 * which}`
    return {
      gtin: withCheckDigit(`400638133${String(390 + which)}`),
      article,
      description,
      price,
      quantity: 12 * (i + 1),
    }
  })
}

/** GS1: the last digit makes the weighted sum a multiple of ten. */
function withCheckDigit(digits: string): string {
  const sum = Array.from(digits).reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 1 : 3), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}
