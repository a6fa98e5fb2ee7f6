/** What a network or a server may do to a request to S3, and to which requests: rules with seeded chance. */
import type { IncomingHttpHeaders } from 'node:http'
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
  /** An error in S3's XML; with `carriedOut` the request was forwarded and done. */
  | { readonly status: number; readonly code: string; readonly carriedOut?: boolean }
  /** Another's answer in S3's place; with `carriedOut` the request was forwarded and done. */
  | { readonly page: Page; readonly carriedOut?: boolean }
  /** Bytes that never become an answer; with `carriedOut` the request was forwarded and done. */
  | { readonly raw: RawAnswer; readonly carriedOut?: boolean }
  /** S3's answer without its length: in chunks, or ended by the end of the connection. */
  | { readonly framing: 'chunked' | 'close' }
  /** Forwarded and carried out, but the client never hears of it. */
  | { readonly loseAnswer: 'reset' | 'stall' }
  /** The connection is reset after so many bytes of the request's body; the server gets those at most. */
  | { readonly cutUploadAfter: Bytes }
  /** The byte at this place of the request's body is another one when it comes to the server. */
  | { readonly corruptUpload: Bytes }

/** What somebody else answers than S3: a proxy, a filter, a login. */
export interface Page {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** How the end of the body is told; by its length if omitted. */
  readonly framing?: 'chunked' | 'close'
  /** After the body, this comes over and over, until the client has enough. */
  readonly endless?: string
  /** Bytes a second; as fast as they go if omitted. */
  readonly rate?: Bytes
}

/** What is written to the connection as it is, without end. */
export interface RawAnswer {
  readonly first?: string
  readonly endless: string
  /** A pause before each time; none if omitted: as fast as it goes. */
  readonly every?: Milliseconds
}

export interface Rule {
  /** Names of operations, as the embedded S3 server calls them; all if omitted. */
  readonly operation?: string | readonly string[]
  /** The key as it is, or a pattern; of a listing, its prefix. All if omitted. */
  readonly key?: string | RegExp
  /** 0 to 1; 1 if omitted. */
  readonly probability?: number
  /** Only requests that have this header. */
  readonly header?: string
  /** How many requests at most; all if omitted. */
  readonly times?: number
  /** Not the same request, for the same part of the same key, when so many of its kind in a row were hit: a network that is bad, not gone. */
  readonly inARow?: number
  readonly fault: Fault
}

/** The rules in force. The first that fits a request decides. */
export class FaultRules {
  readonly #random: () => number
  #rules: { readonly rule: Rule; left: number }[] = []
  /** How many times in a row the same request was hit. */
  readonly #hits = new Map<string, number>()

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  add(rule: Rule): void {
    this.#rules.push({ rule, left: rule.times ?? Infinity })
  }

  clear(): void {
    this.#rules = []
  }

  /** @param headers of the request, names in lower case */
  faultFor(operation: string, key: string, headers: IncomingHttpHeaders = {}): Fault | undefined {
    const request = [operation, key, headers.range].join(' ')
    const hits = this.#hits.get(request) ?? 0
    const fault = this.#fault(operation, key, headers, hits)
    if (fault) this.#hits.set(request, hits + 1)
    else this.#hits.delete(request)
    return fault
  }

  #fault(operation: string, key: string, headers: IncomingHttpHeaders, hits: number): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry
      if (entry.left === 0 || !fits(rule, operation, key)) continue
      if (rule.header !== undefined && headers[rule.header] === undefined) continue
      if (rule.inARow !== undefined && hits >= rule.inARow) continue
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
