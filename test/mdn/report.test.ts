import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { outcomeOf } from '../../src/mdn/disposition.js'
import { largestMdn, parseMdn } from '../../src/mdn/report.js'

const processed = 'automatic-action/MDN-sent-automatically; processed'
const fields = ['Original-Message-ID: <1@a>', 'Final-Recipient: rfc822; "GLOBEX CORP"', `Disposition: ${processed}`]

interface Form {
  /** Of the report's part, and of the whole. */
  readonly partHeaders?: readonly string[]
  readonly headers?: readonly string[]
  readonly boundary?: string
  readonly human?: readonly string[]
  readonly behind?: readonly string[]
}

/** A report with these fields, as one partner or another writes it. */
function mdn(report: readonly string[], form: Form = {}): string {
  const { boundary = 'b', behind = [], human = ['Content-Type: text/plain', '', 'The message was processed.'] } = form
  const headers = [`Content-Type: multipart/report; report-type=disposition-notification; boundary="${boundary}"`]
  return [
    ...(form.headers ?? headers),
    '',
    `--${boundary}`,
    ...human,
    `--${boundary}`,
    ...(form.partHeaders ?? ['Content-Type: message/disposition-notification']),
    '',
    ...report,
    '',
    ...behind,
    `--${boundary}--`,
    '',
  ].join('\r\n')
}

function signed(inner: string, headers: readonly string[] = []): string {
  const type = 'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="s"'
  const signature = ['Content-Type: application/pkcs7-signature; name=smime.p7s', '', 'MIIB\x00\xff', '--s--']
  return [...headers, type, '', `--s\r\n${inner}`, '--s', ...signature].join('\r\n')
}

const bare = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const forms: Readonly<Record<string, string | Buffer>> = {
  'as the standard has it': mdn(fields),
  'signed, with HTTP headers in front': signed(mdn(fields), ['AS2-From: GLOBEX', 'AS2-To: ACME', 'Date: x']),
  'with an HTTP status line in front': `HTTP/1.1 200 OK\r\n${signed(mdn(fields), ['AS2-From: GLOBEX'])}`,
  'as its bare body, that begins with the boundary': bare(mdn(fields)),
  'the same, signed': bare(signed(mdn(fields))),
  'the same, behind blank lines': `\r\n\r\n${bare(mdn(fields))}`,
  'with LF only': mdn(fields).replaceAll('\r\n', '\n'),
  'with a boundary of hyphens and underscores': mdn(fields, { boundary: '----=_Part_1_2.3' }),
  'without a blank after semicolons, unquoted, in another order and case': mdn(fields, {
    headers: ['content-TYPE:Multipart/Report;Boundary=b;REPORT-TYPE=disposition-notification'],
  }),
  'with a folded header': mdn(fields, { headers: ['Content-Type: multipart/report;', '\tboundary="b"'] }),
  'with header values in quotes, and those within escaped': mdn(fields, {
    headers: ['Content-Type: "multipart/report; boundary=\\"b\\""'],
  }),
  'with a boundary that is another than the header says': mdn(fields, {
    headers: ['Content-Type: multipart/report; boundary="x"'],
  }),
  'with blank lines before, between and behind the fields': mdn(['', '', ...fields.flatMap((it) => [it, '']), '', '']),
  'with blank lines before the headers of its parts': mdn(fields, {
    partHeaders: ['', 'Content-Type: message/disposition-notification'],
  }),
  'with a text part without headers': mdn(fields, { human: ['', 'processed'] }),
  'with fields in another order and case, folded, with others among them': mdn([
    'Received-Content-MIC: abc, sha1',
    'DISPOSITION:automatic-action/MDN-sent-automatically;',
    '\tprocessed',
    'X-Field: x',
    'Failure: none',
    'final-recipient:rfc822;GLOBEX CORP',
    'original-message-id:',
    ' <1@a>',
  ]),
  'with a recipient in angle brackets, without its type': mdn([
    'Original-Message-ID: "<1@a>"',
    'Final-Recipient: <GLOBEX CORP>',
    `Disposition: ${processed}`,
  ]),
  'in base64': mdn([base64(fields.join('\r\n')).replaceAll(/(.{40})/g, '$1\r\n')], {
    partHeaders: ['Content-Type: message/disposition-notification', 'Content-Transfer-Encoding: BASE64'],
  }),
  'in quoted-printable': mdn([fields.join('\r\n').replaceAll('-', '=2D').replace('Message', 'Mess=\r\nage')], {
    partHeaders: ['Content-Type: message/disposition-notification', 'Content-Transfer-Encoding: quoted-printable'],
  }),
  'as one single part': `Content-Type: message/disposition-notification\r\n\r\n${fields.join('\r\n')}\r\n`,
  'with its fields among the HTTP headers': `AS2-From: GLOBEX\r\n${fields.join('\r\n')}\r\n\r\nThank you.`,
  'packed by gzip': gzipSync(mdn(fields)),
  'packed by gzip behind its HTTP headers': Buffer.concat([
    Buffer.from('HTTP/1.1 200 OK\r\nAS2-From: GLOBEX\r\nContent-Encoding: gzip\r\n\r\n'),
    gzipSync(mdn(fields)),
  ]),
  'in an opaque signature': Buffer.from(
    `Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\n0\x82\x01\xff\x04\x82${mdn(fields)}\x30\x82\xfe`,
    'latin1',
  ),
  'in an opaque signature, in base64': `Content-Type: application/x-pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(`0\x02\x01${mdn(fields)}`)}`,
  'behind HTTP headers that say nothing of the content': `AS2-From: GLOBEX\r\nDate: x\r\n\r\n${mdn(fields)}`,
  'behind such headers, as the bare body': `AS2-From: GLOBEX\r\n\r\n${bare(mdn(fields))}`,
  'as one single part whose fields are headers': `Content-Type: message/disposition-notification\r\n${fields.join('\r\n')}\r\n\r\n`,
  'with its values in quotes': mdn(
    fields.map((it) => it.replace(/: (.*)$/, (_, value: string) => `: "${value.replaceAll('"', '\\"')}"`)),
  ),
  'with an encoding in quotes': mdn([base64(fields.join('\r\n'))], {
    partHeaders: ['Content-Type: "message/disposition-notification"', 'Content-Transfer-Encoding: "base64"'],
  }),
  'behind a stack trace': mdn(fields, {
    human: [
      'Content-Type: text/plain',
      '',
      'processed',
      ...Array.from({ length: 4_000 }, () => '  at a.B.c(D.java:7)'),
    ],
  }),
  'cut off behind its fields': mdn(fields).slice(0, mdn(fields).lastIndexOf('--b--')),
  'with a report twice': mdn(fields, {
    behind: ['--b', 'Content-Type: message/disposition-notification', '', ...fields, ''],
  }),
}

t.test('it is read in every form in which it is stored', (t) => {
  for (const [form, text] of Object.entries(forms)) {
    t.match(
      parseMdn(typeof text === 'string' ? Buffer.from(text, 'latin1') : text),
      {
        disposition: processed,
        contradictory: [],
        outcome: 'delivered',
        originalMessageId: '<1@a>',
        finalRecipient: 'GLOBEX CORP',
      },
      form,
    )
  }
  t.end()
})

t.test('no field is lost, whatever ends its line and whatever is behind the last one', (t) => {
  const refused = 'automatic-action/MDN-sent-automatically; failed'
  const all = ['Original-Message-ID: <1@a>', `Disposition: ${processed}`, `Disposition: ${refused}`]
  for (const lineEnd of ['\r\n', '\n', '\r\r\n']) {
    for (const fieldsInOrder of all.map((_, i) => [...all.slice(i), ...all.slice(0, i)])) {
      const last = fieldsInOrder.at(-1) ?? ''
      const qp = {
        partHeaders: ['Content-Type: message/disposition-notification', 'Content-Transfer-Encoding: quoted-printable'],
      }
      for (const whole of [mdn(fieldsInOrder), mdn(fieldsInOrder, qp), signed(mdn(fieldsInOrder))]) {
        for (const behind of ['', '\r\n']) {
          const text = whole.replace(`${last}\r\n\r\n--b--`, `${last}\r\n${behind}--b--`).replaceAll('\r\n', lineEnd)
          const report = parseMdn(Buffer.from(text))
          t.match(report, { outcome: 'refused', originalMessageId: '<1@a>' }, JSON.stringify(text))
          t.equal(report?.contradictory.length, 2)
        }
      }
    }
  }
  const single = `Content-Type: message/disposition-notification\r\n\r\nOriginal-Message-ID: <1@a>\r\nDisposition: ${refused}/error: x\r`
  t.match(parseMdn(Buffer.from(single)), { outcome: 'refused' }, 'one that ends in half a line end')
  t.end()
})

t.test('who wrote it, for whom, and the digest are kept where it has them', (t) => {
  const http = ['AS2-From: "GLOBEX CORP"', 'as2-to: "\\"ACME \\\\\\\\ Co\\""']
  const report = parseMdn(Buffer.from(signed(mdn([...fields, 'Received-Content-MIC: q1w2==, sha-1']), http)))
  t.match(report, { from: 'GLOBEX CORP', to: 'ACME \\ Co', mic: 'q1w2==, sha-1' })
  const none = { from: undefined, to: undefined, mic: undefined }
  t.strictSame({ ...none, ...parseMdn(Buffer.from(bare(mdn(fields)))) }.from, undefined)
  t.end()
})

t.test('type and modifier tell what became of the message, not their texts', (t) => {
  const table = {
    'a/b; processed': 'delivered',
    processed: 'delivered',
    'a/b;PROCESSED ': 'delivered',
    'a/b; processed/warning: duplicate-document': 'warned',
    'a/b; processed/Warning:failure of nothing, error': 'warned',
    'a/b; processed/expired,warning': 'warned',
    'a/b; displayed': 'warned',
    'a/b; dispatched': 'warned',
    'a/b; processed/error': 'refused',
    'a/b; processed/error: decryption-failed': 'refused',
    'a/b; processed/Error:authentication-failed': 'refused',
    'a/b; processed/warning,error: x': 'refused',
    'a/b; processed/failure: x': 'refused',
    'a/b; failed/failure: unsupported format': 'refused',
    'a/b; failed': 'refused',
    'a/b; denied': 'refused',
    'a/b; error': 'refused',
    'a/b; deleted': 'unknown',
    'a/b; failed: unsupported format': 'refused',
    'a/b; processed/expired': 'unknown',
    'a/b; processed;': 'delivered',
    'a/b; processed/ ': 'delivered',
    'a/b; processed/"error: decryption-failed"': 'refused',
    'a/b; processed/\\"warning: x\\"': 'warned',
    'a/b; processed/=error': 'unknown',
    'a/b; processed/=error, warning': 'unknown',
    'a/b; processed error: decryption-failed': 'unknown',
    'a/b; processed, error': 'unknown',
    'a/b; processed: error': 'unknown',
    'a/b; processed - error: x': 'unknown',
    'a/b; processed\\error: x': 'unknown',
    'a/b; processed\nerror/x': 'unknown',
    'a/b; displayed not': 'unknown',
    'a/b;': 'unknown',
    'failed; processed': 'refused',
    'processed/error: decryption-failed; processed': 'refused',
    'deleted; processed': 'unknown',
    'processed; processed': 'delivered',
    'error-handling/automatic; processed': 'delivered',
    '': 'unknown',
  } as const
  for (const [field, outcome] of Object.entries(table)) t.equal(outcomeOf(field), outcome, field)
  t.end()
})

t.test('one that says two things is shown as contradictory, and the worst of them counts', (t) => {
  const refused = 'automatic-action/MDN-sent-automatically; processed/error: unexpected-processing-error'
  const twoFields = mdn([...fields, `Disposition: ${refused}`])
  const another = ['--b', 'Content-Type: message/disposition-notification', '', `Disposition: ${processed}`, '']
  const twoReports = mdn([`Disposition: ${refused}`], { behind: another })
  for (const text of [twoFields, twoReports]) {
    const report = parseMdn(Buffer.from(text))
    t.match(report, { disposition: refused, outcome: 'refused' })
    t.same([...(report?.contradictory ?? [])].sort(), [processed, refused].sort())
  }
  t.end()
})

t.test('the text for people says nothing, with headers of its own or without', (t) => {
  const human = [`Disposition: ${processed}`, 'Original-Message-ID: <2@b>', '', 'Thank you.']
  const refused = 'a/b; processed/error: decryption-failed'
  t.match(parseMdn(Buffer.from(mdn([`Disposition: ${refused}`], { human }))), {
    disposition: refused,
    contradictory: [],
    outcome: 'refused',
    originalMessageId: undefined,
  })
  for (const text of [mdn([], { human }), signed(mdn(['Reporting-UA: x'], { human })), bare(mdn([], { human }))]) {
    t.equal(parseMdn(Buffer.from(text)), undefined, text)
  }
  t.match(parseMdn(Buffer.from(signed(human.join('\r\n')))), { outcome: 'delivered' }, 'a signed one without parts')
  t.end()
})

t.test('a disposition that is cut off where it may go on says nothing', (t) => {
  const ends = (value: string, text = mdn(['Original-Message-ID: <1@a>', `Disposition: a/b; ${value}`])): string =>
    text.slice(0, text.indexOf(value, text.indexOf('a/b')) + value.length)
  const single = (value: string): string =>
    `Content-Type: message/disposition-notification\r\n\r\nDisposition: a/b; ${value}`
  const encoded = (text: string): string =>
    `--b\r\nContent-Type: message/disposition-notification\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(text)}`
  const cut: Readonly<Record<string, string>> = {
    'in a part': ends('processed'),
    'in a signed part': ends('processed', signed(mdn(['Disposition: a/b; processed']))),
    'in the bare body': bare(ends('processed')),
    'behind a modifier': ends('processed/warning'),
    'in a folded line': ends('processed', mdn(['Disposition: a/b;', '\tprocessed'])),
    'before its folded line': ends('a/b;', mdn(['Disposition: a/b;', '\tprocessed'])),
    'in a single part': single('processed'),
    'among the headers': `AS2-From: GLOBEX\r\nDisposition: ${processed}`,
    'in base64 without padding': encoded('Disposition: a/b; processed'),
    'in base64 at a line’s end': `${encoded('Disposition: a/b; processed')}\r\n`,
  }
  for (const [where, text] of Object.entries(cut)) t.equal(parseMdn(Buffer.from(text)), undefined, where)
  const told: Readonly<Record<string, string>> = {
    'behind the modifier': ends('processed/error: auth'),
    'in its single part': single('processed/error: auth'),
    'behind the line': `${ends('processed/error')}\r\n`,
    'in a boundary': ends('--b-', mdn(['Disposition: a/b; processed/error'])),
  }
  for (const [where, text] of Object.entries(told)) t.match(parseMdn(Buffer.from(text)), { outcome: 'refused' }, where)
  const padded = encoded('Disposition: a/b; processed ')
  t.match(parseMdn(Buffer.from(padded)), { outcome: 'delivered' }, 'padding is an end')
  t.end()
})

t.test('what is none is none, whatever the bytes', async (t) => {
  const none = [
    'ISA*00*',
    '<html><body>Disposition: automatic-action; processed</body></html>',
    'HTTP/1.1 400 Bad Request\r\n\r\nbad request',
    mdn(['Original-Message-ID: <1@a>']),
    mdn([], { human: ['Content-Type: text/plain', '', `Disposition: ${processed}`] }),
    'Content-Disposition: attachment\r\n\r\nx',
    `AS2-From: GLOBEX\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\n0\x82\x01\xff`,
    mdn(fields).replaceAll('--b', 'b'),
    '',
  ]
  for (const text of none) t.equal(parseMdn(Buffer.from(text)), undefined, text.slice(0, 40))
  t.equal(parseMdn(gzipSync(Buffer.alloc(2 * 1024 * 1024, 'x'))), undefined)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
      t.equal(parseMdn(bytes), undefined)
    }),
  )
})

/** Milliseconds of the processor. */
function cpuOf(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

t.test('hostile ones take milliseconds', (t) => {
  const lines = (line: string): string => line.repeat(Math.floor((largestMdn - 1_000) / line.length))
  const nested = Array.from(
    { length: 1_000 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  )
  const hostile: Readonly<Record<string, string>> = {
    'blank lines': mdn([lines('\r\n'), ...fields]),
    'blank lines with blanks': mdn([lines(' \r\n'), ...fields]),
    'a folded line without end': mdn([`Disposition: x`, lines(' y\r\n')]),
    'one line': mdn([lines('Disposition: ')]),
    'many fields of one name': mdn([lines('Disposition: a/b; x\r\n')]),
    'nested multiparts': nested.join(''),
    boundaries: `Content-Type: multipart/report; boundary=b\r\n\r\n${lines('--b\r\n')}`,
    hyphens: lines('--'),
    'beginnings of boundaries': `Content-Type: multipart/report; boundary=${'-'.repeat(199)}\r\n\r\n${lines('-')}`,
    'a header without end': lines('Content-Type: multipart/report; boundary'),
    headers: lines('A: b\r\n'),
    'equals signs': mdn([lines('= \t')], {
      partHeaders: ['Content-Type: message/disposition-notification', 'Content-Transfer-Encoding: quoted-printable'],
    }),
    'nothing but white space': lines(' \t'),
  }
  for (const [what, text] of Object.entries(hostile)) {
    const bytes = Buffer.from(text)
    // The least of some: a busy machine takes more time of the processor, too.
    const took = Math.min(...Array.from({ length: 3 }, () => cpuOf(() => parseMdn(bytes))))
    t.ok(took < 500, `${what}: ${took.toFixed(0)} ms`)
  }
  const behind = mdn([...Array.from({ length: 10_000 }, () => ''), ...fields])
  t.match(parseMdn(Buffer.from(behind)), { outcome: 'delivered' }, 'what stands behind a long text is found')
  t.equal(parseMdn(Buffer.from(mdn([...Array.from({ length: largestMdn / 2 }, () => ''), ...fields]))), undefined)
  t.end()
})
