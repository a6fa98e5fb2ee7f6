/** A receipt as one product or another writes it, and as a gateway may store it. @see RFC 8098, RFC 4130 section 7 */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { EpochMs } from '../units.js'
import { as2Name, hostOf, lines, type As2Message } from './as2-message.js'
import type { Receipt } from './receipt.js'

export const mdnForms = [
  /** With the HTTP headers that it came with. */
  'headers',
  'status-line',
  /** Begins with the boundary. */
  'bare',
  'signed',
  'bare-signed',
  /** No multipart: the fields among the HTTP headers. */
  'single',
  'base64',
  'quoted-printable',
  'line-feeds',
  /** No blanks, no quotes, other fields, another order, no Original-Recipient. */
  'loose',
  'gzip',
  /** Does not say which message it answers. */
  'unidentified',
  /** These two can't be understood. */
  'encrypted',
  'html',
] as const
export type MdnForm = (typeof mdnForms)[number]

interface Written {
  readonly message: As2Message
  /** Without `<>`. */
  readonly id: string
  readonly at: EpochMs
  readonly dispositions: readonly string[]
}

/** The receipt for a message, from who got it to who sent it. @param id its own Message-ID, without `<>` */
export function mdnFor(message: As2Message, id: string, at: EpochMs, receipt: Receipt, form: MdnForm): Buffer {
  const { disposition } = receipt
  const written = { message, id, at, dispositions: typeof disposition === 'string' ? [disposition] : disposition }
  switch (form) {
    case 'headers':
      return bytesOf(httpHeaders(written) + report(written, 'plain'))
    case 'status-line':
      return bytesOf(lines(['HTTP/1.1 200 OK']) + httpHeaders(written) + report(written, 'plain'))
    case 'bare':
      return bytesOf(bodyOf(report(written, 'plain')))
    case 'signed':
      return bytesOf(httpHeaders(written) + signed(written))
    case 'bare-signed':
      return bytesOf(bodyOf(signed(written)))
    case 'single':
      return bytesOf(httpHeaders(written) + single(written))
    case 'base64':
    case 'quoted-printable':
      return bytesOf(httpHeaders(written) + report(written, form))
    case 'line-feeds':
      return bytesOf((httpHeaders(written) + report(written, 'plain')).replaceAll('\r\n', '\n'))
    case 'loose':
      return bytesOf(loose(written))
    case 'gzip':
      return gzipSync(httpHeaders(written) + report(written, 'plain'))
    case 'unidentified':
      return bytesOf((httpHeaders(written) + report(written, 'plain')).replace(/Original-Message-ID: .*\r\n/, ''))
    case 'encrypted':
      return Buffer.concat([bytesOf(httpHeaders(written) + encryptedHeaders), noise(id, 900)])
    case 'html':
      return bytesOf(httpHeaders(written) + errorPage)
  }
}

/** Of a partner's receipt, without `<>`. @param n how many there were before, for all partners */
export function mdnId({ from, to }: As2Message, n: number, at: EpochMs): string {
  const time = new Date(at).toISOString().replaceAll(/\D/g, '').slice(0, 14)
  return `OPENAS2-${time}-${String(n).padStart(6, '0')}@${hostOf(to).slice(4)}_${hostOf(from).slice(4)}`
}

type Encoding = 'plain' | 'base64' | 'quoted-printable'

function httpHeaders({ message, id, at }: Written): string {
  return lines([
    'MIME-Version: 1.0',
    `AS2-From: ${as2Name(message.to)}`,
    `AS2-To: ${as2Name(message.from)}`,
    `Message-ID: <${id}>`,
    `Date: ${new Date(at).toUTCString()}`,
    'AS2-Version: 1.2',
  ])
}

/** An entity with its own headers, those of its content. */
function report(written: Written, encoding: Encoding): string {
  const boundary = `----=_Part_${written.message.folder.slice(-6)}_${written.at}`
  return lines([
    `Content-Type: multipart/report; report-type=disposition-notification; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    'Content-Transfer-Encoding: 7bit',
    '',
    humanText(written),
    '',
    `--${boundary}`,
    'Content-Type: message/disposition-notification',
    `Content-Transfer-Encoding: ${encoding === 'plain' ? '7bit' : encoding}`,
    '',
    encoded(lines(fields(written)), encoding),
    `--${boundary}--`,
  ])
}

function signed(written: Written): string {
  const boundary = `----=_Signed_${written.at}`
  return lines([
    `Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    report(written, 'plain') + `--${boundary}`,
    'Content-Type: application/pkcs7-signature; name=smime.p7s; smime-type=signed-data',
    'Content-Transfer-Encoding: binary',
    'Content-Disposition: attachment; filename="smime.p7s"',
    '',
    noise(written.id, 1_400).toString('latin1'),
    `--${boundary}--`,
  ])
}

function single(written: Written): string {
  return lines([...fields(written), 'Content-Type: message/disposition-notification', ''])
}

function loose({ message, id, at, dispositions }: Written): string {
  return lines([
    `date:${new Date(at).toUTCString()}`,
    `as2-to:${as2Name(message.from)}`,
    `as2-from:${as2Name(message.to)}`,
    `message-id:<${id}>`,
    'CONTENT-TYPE:Multipart/Report;Boundary=_=Next_7;REPORT-TYPE=disposition-notification',
    '',
    '',
    '--_=Next_7',
    '',
    `Your message was received. ${dispositions.some(isNegative) ? 'Stack trace: at com.example.Mdn.send(Mdn.java:71)' : ''}`,
    '--_=Next_7',
    'content-type:Message/Disposition-Notification',
    '',
    ...digest(message, dispositions),
    ...dispositions.map((it) => `disposition:Automatic-Action/MDN-Sent-Automatically;${it}`),
    `final-recipient:${as2Name(message.to)}`,
    `original-message-id:<${message.id}>`,
    'X-Received-By:node-2',
    ...(dispositions.some(isNegative) ? ['Failure:see the log'] : []),
    '',
    '--_=Next_7--',
  ])
}

function fields({ message, dispositions }: Written): string[] {
  return [
    'Reporting-UA: AS2 Gateway',
    `Original-Recipient: rfc822; ${as2Name(message.to)}`,
    `Final-Recipient: rfc822; ${as2Name(message.to)}`,
    `Original-Message-ID: <${message.id}>`,
    ...dispositions.map((it) => `Disposition: automatic-action/MDN-sent-automatically; ${it}`),
    ...digest(message, dispositions),
    '',
  ]
}

/** Of the content without headers, for messages neither signed nor encrypted: RFC 4130, 7.3.1. Missing where it was refused. */
function digest({ bytes }: As2Message, dispositions: readonly string[]): string[] {
  if (dispositions.some(isNegative)) return []
  return [`Received-Content-MIC: ${createHash('sha256').update(bytes).digest('base64')}, sha-256`]
}

function isNegative(disposition: string): boolean {
  return /^(?:failed|denied)|\/(?:error|failure)/i.test(disposition)
}

function humanText({ dispositions }: Written): string {
  const problem = dispositions.find(isNegative)
  return problem === undefined
    ? 'The message was received and processed. This is no guarantee that its content was understood.'
    : `The message could not be processed: ${problem}.`
}

function encoded(text: string, encoding: Encoding): string {
  if (encoding === 'plain') return text
  if (encoding === 'base64')
    return (
      Buffer.from(text)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\r\n')
  return text.replaceAll('=', '=3D').replaceAll(/([^\r\n]{70})(?=[^\r\n])/g, '$1=\r\n')
}

/** An entity without its headers. */
function bodyOf(entity: string): string {
  return entity.slice(entity.indexOf('\r\n\r\n') + 4)
}

const encryptedHeaders = lines([
  'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m',
  'Content-Transfer-Encoding: binary',
  '',
])

const errorPage = lines([
  'Content-Type: text/html; charset=utf-8',
  '',
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>',
])

/** DER that nobody can read: a long sequence, its content the same for the same text. */
function noise(text: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${text} ${i}`).digest(),
  )
  return Buffer.concat([Buffer.from([0x30, 0x82, length >> 8, length & 0xff]), Buffer.concat(blocks)], length + 4)
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
