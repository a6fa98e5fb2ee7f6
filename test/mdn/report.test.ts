import fc from 'fast-check'
import t from 'tap'
import { parseMdn } from '../../src/mdn/report.js'

/** A report with these fields, as one partner or another writes it. */
function mdn(fields: readonly string[], type = 'multipart/report; report-type=disposition-notification'): Buffer {
  return Buffer.from(
    [
      `Content-Type: ${type}; boundary="b"`,
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      'The message was processed.',
      '--b',
      'Content-Type: message/disposition-notification',
      '',
      ...fields,
      '',
      '--b--',
      '',
    ].join('\r\n'),
  )
}

t.test('real ones vary: other case, no space, folded lines, quotes', async (t) => {
  const variants = [
    [
      'Original-Message-ID: <1@a>',
      'Final-Recipient: rfc822; "GLOBEX CORP"',
      'Disposition: automatic-action/MDN-sent-automatically; processed',
    ],
    [
      'original-message-id:<1@a>',
      'final-recipient:rfc822;GLOBEX CORP',
      'DISPOSITION:automatic-action/MDN-sent-automatically; processed',
    ],
    [
      'Original-Message-ID:',
      ' <1@a>',
      'Final-Recipient: rfc822;',
      '\t"GLOBEX CORP"',
      'Disposition: automatic-action/MDN-sent-automatically;',
      ' processed',
    ],
  ]
  for (const fields of variants) {
    t.same(await parseMdn(mdn(fields)), {
      disposition: 'automatic-action/MDN-sent-automatically; processed',
      originalMessageId: '<1@a>',
      finalRecipient: 'GLOBEX CORP',
      isFailure: false,
    })
  }
})

t.test('refusals are told from warnings', async (t) => {
  for (const [disposition, isFailure] of [
    ['processed', false],
    ['processed/warning: duplicate-document', false],
    ['processed/error: decryption-failed', true],
    ['processed/Error: authentication-failed', true],
    ['failed/failure: unsupported format', true],
    ['failed', true],
  ] as const) {
    const report = await parseMdn(mdn([`Disposition: automatic-action/MDN-sent-automatically; ${disposition}`]))
    t.equal(report?.isFailure, isFailure, disposition)
  }
})

t.test('a signed one is read, HTTP headers in front or not', async (t) => {
  const inner = mdn(['Original-Message-ID: <1@a>', 'Disposition: a/b; processed']).toString()
  const signed = [
    'AS2-From: GLOBEX',
    'AS2-To: ACME',
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="s"',
    '',
    `--s\r\n${inner}`,
    '--s',
    'Content-Type: application/pkcs7-signature; name=smime.p7s',
    'Content-Transfer-Encoding: base64',
    '',
    'MIIB',
    '--s--',
  ].join('\r\n')
  t.match(await parseMdn(Buffer.from(signed)), { originalMessageId: '<1@a>', disposition: 'a/b; processed' })
})

t.test('what is none is none, whatever the bytes', async (t) => {
  t.equal(await parseMdn(Buffer.from('ISA*00*')), undefined)
  t.equal(await parseMdn(mdn(['Original-Message-ID: <1@a>'])), undefined)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
      t.equal(await parseMdn(bytes), undefined)
    }),
  )
})
