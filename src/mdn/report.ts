/** Reads an MDN, in whatever of the many forms it is stored. @see RFC 8098, RFC 4130 section 7 */
import { gunzipSync } from 'node:zlib'
import type { Bytes } from '../units.js'
import { outcomeOf, outcomes, type Outcome } from './disposition.js'
import { fieldsOf, leavesOf, typeOf, type Headers } from './mime.js'

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
}

/** A report is a few lines; what comes behind so much is signatures and stack traces. */
export const readOfMdn: Bytes = 64 * 1024
/** Unpacked; one that is larger is none. */
const largest: Bytes = 1024 * 1024

/**
 * In milliseconds, whatever the bytes.
 * @param bytes the whole of it, or its first `readOfMdn`; more is not looked at
 * @returns undefined for what is no MDN; never throws
 */
export function parseMdn(bytes: Uint8Array): MdnReport | undefined {
  const text = Buffer.from(unpacked(bytes).subarray(0, readOfMdn)).toString('latin1')
  const leaves = leavesOf(text)
  const reports = leaves.flatMap(({ headers, text: body }): Headers[] => {
    const type = typeOf(headers)
    if (type.startsWith('message/disposition-notification')) return [fieldsOf(body)]
    // A signature that has the report in it, and not beside it.
    if (type.includes('pkcs7-mime')) return scanned(body)
    return headers.has('disposition') ? [headers] : []
  })
  return reportOf(reports)
}

function reportOf(reports: readonly Headers[]): MdnReport | undefined {
  const all = [...new Set(reports.flatMap((it) => it.get('disposition') ?? []).filter((it) => it !== ''))]
  const byOutcome = all.map((it) => ({ it, outcome: outcomeOf(it) }))
  const outcome = outcomes.find((wanted) => byOutcome.some((it) => it.outcome === wanted))
  const disposition = byOutcome.find((it) => it.outcome === outcome)?.it
  if (outcome === undefined || disposition === undefined) return undefined
  const isSame = byOutcome.every((it) => it.outcome === outcome)
  const first = (name: string) => utf8(reports.map((it) => it.get(name)?.[0]).find((it) => it !== undefined))
  return {
    disposition: utf8(disposition),
    contradictory: isSame ? [] : all.map((it) => utf8(it)),
    outcome,
    originalMessageId: unquoted(first('original-message-id')),
    finalRecipient: recipient(first('final-recipient')),
  }
}

/** The reports in the middle of bytes: of an opaque signature, whose content is not encoded. */
function scanned(bytes: string): Headers[] {
  const start = /content-type[ \t]*:[ \t]*(?:multipart\/report|message\/disposition-notification)/i.exec(bytes)?.index
  if (start === undefined) return []
  return leavesOf(bytes.slice(start))
    .filter(({ headers }) => typeOf(headers).startsWith('message/disposition-notification'))
    .map(({ text }) => fieldsOf(text))
}

function unpacked(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: largest })
  } catch {
    return bytes
  }
}

function utf8<T extends string | undefined>(latin1: T): T {
  return (latin1 === undefined ? undefined : Buffer.from(latin1, 'latin1').toString('utf8')) as T
}

/** `rfc822; "ACME CORP"` → `ACME CORP`. */
function recipient(field: string | undefined): string | undefined {
  const id = unquoted(field?.slice(field.indexOf(';') + 1).trim())
  return id?.startsWith('<') && id.endsWith('>') ? id.slice(1, -1) : id
}

function unquoted(value: string | undefined): string | undefined {
  const isQuoted = value !== undefined && value.length > 1 && value.startsWith('"') && value.endsWith('"')
  return isQuoted ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value
}
