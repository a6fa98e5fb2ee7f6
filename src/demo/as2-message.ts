/** AS2 as it travels: a message's headers, its raw form, and its receipt. @see RFC 4130, RFC 8098 */
import { createHash } from 'node:crypto'
import type { EpochMs } from '../units.js'

export interface As2Message {
  /** Digits: the folder of the message in the bucket, and the local part of its Message-ID. */
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
  const { from, to, filename, bytes, at } = message
  return lines([
    'AS2-Version: 1.2',
    `AS2-From: ${quoted(from)}`,
    `AS2-To: ${quoted(to)}`,
    `Message-ID: ${messageId(message)}`,
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

/**
 * The receipt for a message, from who got it to who sent it.
 * @param problem e.g. `decryption-failed`; without it the message was processed
 */
export function mdnFor(message: As2Message, at: EpochMs, problem?: string): string {
  const boundary = `----=_Part_${message.folder.slice(-6)}_${at}`
  const text =
    problem === undefined
      ? 'The message was received and processed. This is no guarantee that its content was understood.'
      : `The message could not be processed: ${problem}.`
  return lines([
    'MIME-Version: 1.0',
    `AS2-From: ${quoted(message.to)}`,
    `AS2-To: ${quoted(message.from)}`,
    `Message-ID: <MDN-${message.folder}-${at}@${hostOf(message.to)}>`,
    `Date: ${new Date(at).toUTCString()}`,
    `Content-Type: multipart/report; report-type=disposition-notification; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    'Content-Transfer-Encoding: 7bit',
    '',
    text,
    '',
    `--${boundary}`,
    'Content-Type: message/disposition-notification',
    'Content-Transfer-Encoding: 7bit',
    '',
    'Reporting-UA: AS2 Gateway',
    `Original-Recipient: rfc822; ${quoted(message.to)}`,
    `Final-Recipient: rfc822; ${quoted(message.to)}`,
    `Original-Message-ID: ${messageId(message)}`,
    `Disposition: automatic-action/MDN-sent-automatically; processed${problem === undefined ? '' : `/error: ${problem}`}`,
    // The digest of the content without headers, for messages neither signed nor encrypted: RFC 4130, 7.3.1.
    ...(problem === undefined ? [`Received-Content-MIC: ${sha256(message.bytes)}, sha-256`] : []),
    '',
    `--${boundary}--`,
  ])
}

function messageId({ folder }: As2Message): string {
  return `<${folder}.as2@${domain}>`
}

/** AS2 names with spaces are quoted: RFC 4130, 6.2. */
function quoted(name: string): string {
  return /[\s"\\]/.test(name) ? `"${name.replaceAll(/["\\]/g, '\\$&')}"` : name
}

function hostOf(name: string): string {
  return `as2.${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.example`
}

function contentType(filename: string): string {
  if (/\.x12$/i.test(filename)) return 'application/edi-x12'
  return /\.edi$/i.test(filename) ? 'application/edifact' : 'application/octet-stream'
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}

function lines(all: readonly string[]): string {
  return all.map((line) => line + lineEnd).join('')
}
