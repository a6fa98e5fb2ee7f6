/** What a network or a server may do to a request to S3, and to which requests: rules with seeded chance. */
import type { Bytes, Milliseconds } from '../../src/units.js'

export type Fault =
  /** Forwarded after a while. */
  | { readonly delay: Milliseconds }
  /** Accepted and never answered: nothing is forwarded, the connection stays open. */
  | { readonly stall: true }
  /** The head of the answer and so much of its body come, then silence. */
  | { readonly stallAfter: Bytes }
  /** The answer's body comes at so many bytes a second. */
  | { readonly trickle: Bytes }
  /** RST. `request`: not forwarded. `head`: the server's answer ends after its head. */
  | { readonly reset: 'request' | 'head' }
  /** The connection ends after so many bytes of the answer's body; its length was announced in full. */
  | { readonly cutAfter: Bytes }
  /** Only so many bytes of the answer's body come, and that is the length that is announced. */
  | { readonly shortenTo: Bytes }
  /** The byte at this place of the answer's body is another one; negative: from the end. */
  | { readonly corrupt: Bytes }
  /** Not forwarded: an error in S3's XML. */
  | { readonly status: number; readonly code: string }
  /** Forwarded and carried out, but the client never hears of it. */
  | { readonly loseAnswer: 'reset' | 'stall' }
  /** The connection is reset after so many bytes of the request's body; the server gets those at most. */
  | { readonly cutUploadAfter: Bytes }

export interface Rule {
  /** Names of operations, as the embedded S3 server calls them; all if omitted. */
  readonly operation?: string | readonly string[]
  /** The key as it is, or a pattern; of a listing, its prefix. All if omitted. */
  readonly key?: string | RegExp
  /** 0 to 1; 1 if omitted. */
  readonly probability?: number
  /** How many requests at most; all if omitted. */
  readonly times?: number
  readonly fault: Fault
}

/** The rules in force. The first that fits a request decides. */
export class FaultRules {
  readonly #random: () => number
  #rules: { readonly rule: Rule; left: number }[] = []

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  add(rule: Rule): void {
    this.#rules.push({ rule, left: rule.times ?? Infinity })
  }

  clear(): void {
    this.#rules = []
  }

  faultFor(operation: string, key: string): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry
      if (entry.left === 0 || !fits(rule, operation, key)) continue
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue
      entry.left -= 1
      return rule.fault
    }
    return undefined
  }
}

function fits({ operation, key }: Rule, ofOperation: string, ofKey: string): boolean {
  if (operation !== undefined && ![operation].flat().includes(ofOperation)) return false
  if (key === undefined) return true
  return typeof key === 'string' ? key === ofKey : key.test(ofKey)
}

/** The same numbers for the same seed, 0 to 1. @see mulberry32 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
