/** AS2 as it travels: a message's headers and its raw form. @see RFC 4130 */
import type { EpochMs } from '../units.js'

export interface As2Message {
  /** Its Message-ID, without `<>`. */
  readonly id: string
  /** Digits: the folder of the message in the bucket. */
  readonly folder: string
  readonly from: string
  readonly to: string
  readonly filename: string
  readonly bytes: Uint8Array
  readonly at: EpochMs
}

const domain = 'mftgateway.com'
const lineEnd = '\r\n'

/** The HTTP headers that the message came or went with. */
export function headersOf(message: As2Message): string {
  const { id, from, to, filename, bytes, at } = message
  return lines([
    'AS2-Version: 1.2',
    `AS2-From: ${as2Name(from)}`,
    `AS2-To: ${as2Name(to)}`,
    `Message-ID: <${id}>`,
    `Date: ${new Date(at).toUTCString()}`,
    `Subject: ${filename}`,
    `Content-Type: ${contentType(filename)}`,
    `Content-Disposition: attachment; filename="${filename.replaceAll(/["\\]/g, '\\$&')}"`,
    `Content-Length: ${bytes.length}`,
    `Disposition-Notification-To: as2@${domain}`,
    'Disposition-Notification-Options: signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256',
    'EDIINT-Features: multiple-attachments, CEM',
    'MIME-Version: 1.0',
  ])
}

/** Headers, an empty line, the payload. */
export function rawMessage(message: As2Message): Buffer {
  return Buffer.concat([Buffer.from(headersOf(message) + lineEnd), message.bytes])
}

/** A message of the gateway's own: its folder is the local part of its id. */
export function ownMessageId(folder: string): string {
  return `${folder}.as2@${domain}`
}

/** A message of a partner's. */
export function partnersMessageId(partner: string, folder: string): string {
  return `AS2-${folder.slice(2)}@${hostOf(partner)}`
}

/** AS2 names with spaces are quoted: RFC 4130, 6.2. */
export function as2Name(name: string): string {
  return /[\s"\\]/.test(name) ? `"${name.replaceAll(/["\\]/g, '\\$&')}"` : name
}

/** Of a machine that does AS2 for a station or a partner. */
export function hostOf(name: string): string {
  return `as2.${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.example`
}

function contentType(filename: string): string {
  if (/\.x12$/i.test(filename)) return 'application/edi-x12'
  return /\.edi$/i.test(filename) ? 'application/edifact' : 'application/octet-stream'
}

/** Lines as mail and HTTP have them. */
export function lines(all: readonly string[]): string {
  return all.map((line) => line + lineEnd).join('')
}
