/** Whether a mount is well: said once, for all who ask. */
import t from 'tap'
import { healthOf, type HealthParts } from '../../src/daemon/health.js'

const counts = { open: 0, held: 0, queued: 0, uploading: 0, submitted: 0, failed: 0 }
const bucketThat = (state: string, problem?: string) => ({
  health: { health: { state, since: 0, problem }, hangingUploads: [], refusedListings: [] },
})
const partsWith = (changed: object): HealthParts => {
  const parts = {
    bucket: bucketThat('ok'),
    isStopping: false,
    prefix: { empty: undefined },
    audit: undefined,
    eventLog: undefined,
    putAside: { problems: () => [] },
    sender: { counts: () => counts, problems: () => [] },
    taking: { problem: undefined },
  }
  return { ...parts, ...changed } as unknown as HealthParts
}

t.test('one with nothing to say is well', async (t) => {
  t.same(healthOf(partsWith({})), { state: 'ok', reasons: [] })
})

t.test('refused keys are another reason than a bucket that is away', async (t) => {
  t.same(healthOf(partsWith({ bucket: bucketThat('unreachable', 'It is away.') })), {
    state: 'degraded',
    reasons: [{ reason: 'bucket', sentence: 'It is away.', since: 0 }],
  })
  t.match(healthOf(partsWith({ bucket: bucketThat('refused', 'No.') })).reasons, [{ reason: 'credentials' }])
})

t.test('what two of them say is said once, and a file that failed is a reason', async (t) => {
  const full = 'The disk is full.'
  const health = healthOf(
    partsWith({
      audit: { problem: full },
      eventLog: { problem: full },
      sender: { counts: () => ({ ...counts, failed: 2 }), problems: () => [] },
    }),
  )
  t.same(health.reasons, [
    { reason: 'audit', sentence: full },
    { reason: 'failed', sentence: '2 files could not be sent: see as2fs queue.' },
  ])
})

t.test('one that is being unmounted is not well, whatever else is', async (t) => {
  t.equal(healthOf(partsWith({ isStopping: true })).state, 'stopping')
})
