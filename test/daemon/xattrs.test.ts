/** What `as2fs info` tells, as extended attributes. */
import t from 'tap'
import type { InfoReport } from '../../src/control/reports.js'
import { makeXattrs, xattrsOf } from '../../src/daemon/xattrs.js'

const report: InfoReport = {
  ...({ path: '/A/B/inbox/x', kind: 'file', size: 3, mtime: 0 } as const),
  ...{ key: 'AS2/files/A/B/inbox/x', etag: undefined, expires: Date.UTC(2026, 11, 24), contradictory: ['a', 'b'] },
}

t.test('names, times and several values', async (t) => {
  t.same(
    [...xattrsOf(report)],
    [
      ['user.as2.key', 'AS2/files/A/B/inbox/x'],
      ['user.as2.expires', '2026-12-24T00:00:00.000Z'],
      ['user.as2.contradictory', 'a\nb'],
    ],
  )
})

t.test('who lists them all asks once; a failure is not kept', async (t) => {
  let asked = 0
  const of = makeXattrs({
    async describe() {
      asked += 1
      if (asked === 1) throw new Error('not now')
      return report
    },
  })
  const { signal } = new AbortController()
  await t.rejects(of('/A/B/inbox/x', signal), { message: 'not now' })
  for (let i = 0; i < 5; i += 1) t.equal((await of('/A/B/inbox/x', signal)).size, 3)
  t.equal(asked, 2)
})
