/** What the page says first: the worst that is, in words, and nothing as if it were so that is not known. */
import t from 'tap'
import { headline, type Known } from '../../src/http/page/headline.js'
import type { ToldDeliveries, ToldFile, ToldMessage, ToldQueue, ToldStatus } from '../../src/http/page/told.js'
import { partnersWords, printable, whyItWaits } from '../../src/http/page/words.js'

const now = 1_795_900_000_000
const minute = 60_000
const status: ToldStatus = {
  ...{ version: '1', bucket: 'b', mountpoint: '/mnt', since: now - minute, state: 'ok', reasons: [] },
}
const none = { open: 0, held: 0, queued: 0, uploading: 0, submitted: 0, failed: 0 }
const queue: ToldQueue = { generatedAt: now, counts: none, rows: [] }
const counts = { pending: 0, overdue: 0, delivered: 7, warned: 1, refused: 0 }
const deliveries: ToldDeliveries = { generatedAt: now, left: 0, counts, rows: [], missing: [] }
const well: Known = {
  ...{ status, queue, deliveries, worst: [], period: 'the last 7 days', lostSince: undefined, refusal: undefined },
}
const file: ToldFile = {
  ...{ id: '1', station: 'ACME', partner: 'GLOBEX', path: 'a.edi', state: 'held', size: 1, tries: 0, uploaded: 0 },
  mtime: now - 20 * minute,
}
const message: ToldMessage = {
  ...{ station: 'ACME', partner: 'GLOBEX', state: 'refused', names: ['a.edi'], size: 1, sentAt: now - 5 * minute },
  disposition: 'automatic-action/MDN-sent-automatically; processed/error: authentication-failed',
}

function told(known: Partial<Known>): readonly string[] {
  const { level, text, lines } = headline({ ...well, ...known }, now)
  return [level, text, ...lines.map((it) => it.text)]
}

t.test('it says what is worst, and then the rest', (t) => {
  t.same(told({}), ['good', 'All is well.', 'Nothing waits. 8 messages were delivered in the last 7 days.'])
  t.same(told({ status: undefined, queue: undefined, deliveries: undefined }), ['busy', 'Asking how it is…'])
  const bad = { ...deliveries, counts: { ...counts, refused: 2, overdue: 1 } }
  t.same(told({ deliveries: bad, worst: [message] }), [
    'bad',
    '2 messages were refused in the last 7 days.',
    'a.edi to GLOBEX, sent 5 min ago: “authentication-failed”',
    '1 message has had no receipt for too long.',
  ])
  const failed = { ...queue, counts: { ...none, failed: 1, held: 1 }, rows: [{ ...file, reason: 'name' }] }
  t.same(told({ queue: failed }), [
    ...['bad', '1 file could not be sent.', '1 file is held, for 20 min: somebody has to finish it.'],
  ])
  const young = { ...queue, counts: { ...none, held: 1 }, rows: [{ ...file, reason: 'name', mtime: now - minute }] }
  t.equal(told({ queue: young })[0], 'good', 'one that is being written is no news')
  t.end()
})

t.test('an outage says since when, and what waits for its end', (t) => {
  const reasons = [{ reason: 'bucket', sentence: 'S3 does not answer.', since: now - 3 * minute }]
  const known = {
    status: { ...status, state: 'degraded', reasons },
    queue: { ...queue, counts: { ...none, queued: 2 } },
  } as const
  const [level, text, detail] = told(known)
  t.match([level, text], ['bad', /^The bucket can’t be reached since .* \(3 min\)\.$/])
  t.equal(detail, 'S3 does not answer. 2 files wait here, and are sent when it is over.')
  t.end()
})

t.test('what is not known is not told as if it were', (t) => {
  const [level, text, , below] = told({ lostSince: now - 2 * minute })
  t.match([level, text, below], ['bad', /^Not connected since .* \(2 min\)\.$/, 'What is below was so then.'])
  t.match(told({ refusal: 'The token is asked for.' }), [
    'bad',
    'It can’t be asked how it is.',
    'The token is asked for.',
  ])
  t.match(
    told({ lostSince: now - minute, status: { ...status, state: 'stopping' } })[2],
    'It was being unmounted then.',
  )
  t.end()
})

t.test('what strangers have written can’t turn a line around', (t) => {
  t.equal(printable('a\u202egpj.exe\n\u0007\u200b'), 'a\uFFFDgpj.exe\uFFFD\uFFFD\uFFFD')
  t.equal(partnersWords('automatic-action/x; processed/error: \u202eno'), '\uFFFDno')
  t.equal(partnersWords('automatic-action/x; failed'), 'failed')
  t.equal(whyItWaits({ ...file, state: 'failed', error: 'No\u202e.' }, now), 'No\uFFFD.')
  t.end()
})
