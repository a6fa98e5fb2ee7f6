/** What a row of the table of MDNs is made of: numbers, and bits of one of them. */
import { Columns } from './columns.js'

/** Bits of `flags`; the lowest ones are the outcome. */
export const isUnreadable = 8
export const isContradictory = 16
export const isDuplicate = 32
export const isOutgoing = 64
export const isDropped = 128
export const outcomeBits = 7

/** Numbers of texts are there plus one: 0 is none. */
const words = [
  'keyLow',
  'keyHigh',
  'beforeOfKey',
  'version',
  'stemLow',
  'stemHigh',
  'beforeOfStem',
  'localLow',
  'wholeLow',
  'length',
  'flags',
  'disposition',
  'folders',
  'sides',
  'recipient',
  'owner',
] as const

export class MdnColumns extends Columns<(typeof words)[number], 'offset' | 'mtime'> {
  constructor() {
    super(words, ['offset', 'mtime'])
  }

  /** Whether one of these bits is set. */
  has(row: number, flags: number): boolean {
    return (this.word('flags', row) & flags) !== 0
  }
}
