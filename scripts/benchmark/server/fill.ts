/** What is in the benchmark's bucket: one partner for each kind of work. */
import type { Bytes, EpochMs, Milliseconds } from '../../../src/units.js'
import type { Sizes } from '../sizes.js'
import { md5, type BenchObject } from './bucket.js'

/** The only station. */
export const station = 'BENCH'
export const messageSize: Bytes = 2048
/** When the first message of each partner came. */
const firstCame = Date.parse('2026-03-02T09:30:00Z')
/** 100,000 messages are 35 days, after which the gateway deletes them. */
const apart: Milliseconds = 30_000
/** A message's folder is the milliseconds since then, and four more digits. */
const firstDay = Date.parse('2020-01-01T00:00:00Z')

/** How many received messages a partner has, how large, and whether each is in a folder of its own. */
export interface Partner {
  readonly count: number
  readonly size: Bytes
  readonly isFlat?: boolean
}

export type PartnerName = 'MESSAGES' | 'MANY' | 'FLAT' | 'BIG' | 'EIGHT' | 'SIXTEEN'

export function partners(sizes: Sizes): Record<PartnerName, Partner> {
  return {
    MESSAGES: { count: sizes.messages, size: messageSize },
    MANY: { count: sizes.many, size: messageSize },
    FLAT: { count: sizes.flat, size: messageSize, isFlat: true },
    BIG: { count: 1, size: sizes.big },
    EIGHT: { count: 8, size: Math.floor(sizes.big / 8), isFlat: true },
    SIXTEEN: { count: 16, size: Math.floor(sizes.big / 16), isFlat: true },
  }
}

export function inboxOf(partner: string): string {
  return `AS2/files/${station}/${partner}/inbox/`
}

/** The path of a message below its inbox. @param n from 0 */
export function messagePath(n: number, { isFlat }: Partner): string {
  const id = String((cameAt(n) - firstDay) * 10_000 + (n % 10_000))
  return isFlat === true ? `${id}.edi` : `${id}/order.edi`
}

export function* objectsOf(sizes: Sizes): Iterable<BenchObject> {
  for (const [name, partner] of Object.entries(partners(sizes))) {
    for (let n = 0; n < partner.count; n += 1) {
      yield objectAt(inboxOf(name) + messagePath(n, partner), partner.size, new Date(cameAt(n)))
    }
  }
}

const text = Buffer.from("UNB+UNOC:3+BENCH:14+PARTNER:14+260302:0930+1'\n".repeat(64)).subarray(0, messageSize)
const textEtag = md5(text)

export function cameAt(n: number): EpochMs {
  return firstCame + n * apart
}

export function objectAt(key: string, size: Bytes, mtime: Date): BenchObject {
  const isMessage = size === messageSize
  return {
    key,
    size,
    // Not 32 digits alone: rclone would take them for the content's MD5, and compare.
    etag: isMessage ? textEtag : `${md5(Buffer.from(key))}-64`,
    mtime,
    bytes: isMessage ? text : undefined,
    metadata: {},
  }
}
