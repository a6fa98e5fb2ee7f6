/** Messages that were sent, and the receipts for them: flat, as one gateway may store them, so that only what they say tells whose they are. */
import { md5, type BenchObject } from './bucket.js'
import { cameAt, messagePath, messageSize, objectAt, station } from './fill.js'

const receiptsPrefix = 'AS2/raw-mdn/incoming/'

/** @param n which of the messages that were sent, from 0 */
export function sentAt(partner: string, n: number): BenchObject {
  return objectAt(`AS2/files/${station}/${partner}/outbox/${messageOf(n)}/order.edi`, messageSize, new Date(cameAt(n)))
}

/** It came a minute later. Its bytes are made when they are asked for: a hundred thousand need no memory. */
export function receiptAt(partner: string, n: number): BenchObject {
  const key = `${receiptsPrefix}${messageOf(n)}.mdn`
  return {
    key,
    size: messageSize,
    etag: md5(Buffer.from(key)),
    mtime: new Date(cameAt(n + 2)),
    get bytes() {
      return receiptFor(partner, messageOf(n))
    },
    metadata: {},
  }
}

function messageOf(n: number): string {
  return messagePath(n, { count: 0, size: messageSize, isFlat: true }).replace('.edi', '')
}

function receiptFor(partner: string, message: string): Buffer {
  const said = [
    `AS2-From: ${partner}`,
    `AS2-To: ${station}`,
    `Message-ID: <MDN-${message}@partner.example>`,
    'Content-Type: multipart/report; report-type=disposition-notification; boundary="----=_Part_7"',
    '',
    '------=_Part_7',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'The message was received and processed.',
    '',
    '------=_Part_7',
    'Content-Type: message/disposition-notification',
    '',
    'Reporting-UA: AS2 of a partner',
    `Original-Recipient: rfc822; ${partner}`,
    `Final-Recipient: rfc822; ${partner}`,
    `Original-Message-ID: <${message}.as2@mftgateway.com>`,
    'Disposition: automatic-action/MDN-sent-automatically; processed',
    `Received-Content-MIC: ${'MIC'.padEnd(43, message)}=, sha-256`,
    '',
    '------=_Part_7--',
    '',
  ].join('\r\n')
  // What follows the last boundary is nothing: https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
  return Buffer.from(said.padEnd(messageSize, ' '))
}
