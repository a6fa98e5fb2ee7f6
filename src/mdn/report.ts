/** Reads an MDN, in whatever of the many forms it is stored. @see RFC 8098, RFC 4130 section 7 */
import { gunzipSync } from 'node:zlib'
import type { Bytes } from '../units.js'
import { outcomeOf, outcomes, type Outcome } from './disposition.js'
import { entityOf, fieldsOf, longestHeader, typeOf, unquoted, type Headers } from './mime.js'

export interface MdnReport {
  /** As written; of several, the worst. */
  readonly disposition: string
  /** All of them as written, where they do not say the same; else empty. */
  readonly contradictory: readonly string[]
  readonly outcome: Outcome
  /** `<…>` of the message that it answers. */
  readonly originalMessageId: string | undefined
  /** AS2 id that the answered message was sent to. */
  readonly finalRecipient: string | undefined
  /** AS2 ids of who wrote it and for whom, where the HTTP headers are stored with it. */
  readonly from: string | undefined
  readonly to: string | undefined
  /** As written: `<base64>, <algorithm>`. */
  readonly mic: string | undefined
}

/** One that is larger, packed or not, is none. */
export const largestMdn: Bytes = 1024 * 1024

/**
 * In milliseconds, whatever the bytes.
 * @param bytes the whole of it
 * @returns undefined for what is no MDN, or can't be understood: it is encrypted, or says nothing; never throws
 */
export function parseMdn(bytes: Uint8Array): MdnReport | undefined {
  const whole = bytes.length > largestMdn ? undefined : unpacked(bytes)
  if (whole === undefined) return undefined
  const { headers: outer, leaves } = entityOf(Buffer.from(whole).toString('latin1'))
  const isSingle = leaves.filter(({ headers }) => !typeOf(headers).includes('pkcs7-signature')).length === 1
  const reports = leaves.flatMap(({ headers, text: body }): Headers[] => {
    const type = typeOf(headers)
    if (type.startsWith('message/disposition-notification')) return [reportIn(headers, body)]
    // A signature that has the report in it, and not beside it.
    if (type.includes('pkcs7-mime')) return scanned(body)
    // Beside other parts it is the text for people, without headers of its own, that begins with such a line.
    return isSingle && headers.has('disposition') ? [headers] : []
  })
  return reportOf(reports, outer)
}

/** Of one single part the fields may stand among the headers. */
function reportIn(headers: Headers, body: string): Headers {
  const fields = fieldsOf(body)
  return !fields.has('disposition') && headers.has('disposition') ? headers : fields
}

function reportOf(reports: readonly Headers[], outer: Headers): MdnReport | undefined {
  const all = [...new Set(reports.flatMap((it) => it.get('disposition') ?? []).map(unquoted))].filter((it) => it !== '')
  const byOutcome = all.map((it) => ({ it, outcome: outcomeOf(it) }))
  const outcome = outcomes.find((wanted) => byOutcome.some((it) => it.outcome === wanted))
  const disposition = byOutcome.find((it) => it.outcome === outcome)?.it
  if (outcome === undefined || disposition === undefined) return undefined
  const isSame = byOutcome.every((it) => it.outcome === outcome)
  const first = (name: string): string | undefined => {
    const value = reports.map((it) => it.get(name)?.[0]).find((it) => it !== undefined && it !== '')
    return value === undefined ? undefined : utf8(unquoted(value))
  }
  return {
    disposition: utf8(disposition),
    contradictory: isSame ? [] : all.map((it) => utf8(it)),
    outcome,
    originalMessageId: first('original-message-id'),
    finalRecipient: recipient(first('final-recipient')),
    from: as2Id(outer.get('as2-from')?.at(-1)),
    to: as2Id(outer.get('as2-to')?.at(-1)),
    mic: first('received-content-mic'),
  }
}

/** The reports in the middle of bytes: of an opaque signature, whose content is not encoded. */
function scanned(bytes: string): Headers[] {
  const start = /content-type[ \t]*:[ \t]*(?:multipart\/report|message\/disposition-notification)/i.exec(bytes)?.index
  if (start === undefined) return []
  return entityOf(bytes.slice(start))
    .leaves.filter(({ headers }) => typeOf(headers).startsWith('message/disposition-notification'))
    .map(({ text }) => fieldsOf(text))
}

/** Packed as a whole, or behind its HTTP headers. @returns undefined for what is damaged, or larger than an MDN */
function unpacked(bytes: Uint8Array): Uint8Array | undefined {
  const start = isPacked(bytes, 0) ? 0 : bodyAt(bytes)
  if (!isPacked(bytes, start)) return bytes
  try {
    return Buffer.concat([bytes.subarray(0, start), gunzipSync(bytes.subarray(start), { maxOutputLength: largestMdn })])
  } catch {
    return undefined
  }
}

function isPacked(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x1f && bytes[at + 1] === 0x8b
}

/** Behind the first blank line. */
function bodyAt(bytes: Uint8Array): number {
  const blank = /\n\r*\n/.exec(Buffer.from(bytes.subarray(0, longestHeader)).toString('latin1'))
  return blank ? blank.index + blank[0].length : 0
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}

/** `rfc822; "ACME CORP"` → `ACME CORP`. */
function recipient(field: string | undefined): string | undefined {
  const id = field === undefined ? undefined : unquoted(field.slice(field.indexOf(';') + 1).trim())
  return id?.startsWith('<') && id.endsWith('>') ? id.slice(1, -1) : id
}

/** The value of a header that may stand in quotes, as may the id in it. @see RFC 4130 section 6.2 */
function as2Id(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : utf8(unquoted(unquoted(value)))
}
