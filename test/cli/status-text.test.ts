/** `as2fs status`, for a person. */
import t from 'tap'
import { isStatus, statusText } from '../../src/cli/status-text.js'

const now = 1_000_000_000
/** What every version tells. */
const least = { pid: 7, bucket: 'mftg-acme', mountpoint: '/mnt/as2', state: 'ok' as const, problems: [] }

t.test('a daemon of another version is told of as far as it says how it is', async (t) => {
  t.ok(isStatus(least))
  const text = statusText(least, now)
  t.match(text, /^\/mnt\/as2 {2}mftg-acme {2}ok\n {2}endpoint {2}AWS\n/)
  t.match(text, /daemon {4}process 7, as2fs of an unknown version\n/)
  const older = { ...least, version: '0.1.0', since: now - 5_000, prefix: 'AS2/', somethingElse: [] }
  t.match(statusText(older, now), /prefix {4}AS2\/\n.*\(5 s\)\n.*process 7, as2fs 0\.1\.0\n/s)
})

t.test('problems come first', async (t) => {
  const told = { ...least, state: 'degraded' as const, problems: ['The bucket does not answer.'] }
  t.match(statusText(told, now), /^.*degraded\n {2}! The bucket does not answer\.\n/)
})

t.test('what does not say how a mount is is no status', async (t) => {
  for (const it of [undefined, null, 'ok', 7, [], {}, { ...least, pid: '7' }, { ...least, problems: 'none' }])
    t.notOk(isStatus(it), JSON.stringify(it))
  t.notOk(isStatus({ ...least, problems: [7] }))
})
