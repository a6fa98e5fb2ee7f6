/** A row of the queue, for tests that need a few of its fields. */
import type { SendRow } from '../../src/send/sender.js'
import type { Key } from '../../src/units.js'

export function row(fields: Partial<SendRow>): SendRow {
  const path = fields.path ?? 'order.edi'
  return {
    id: `id-of-${path}`,
    station: 'ACME',
    partner: 'GLOBEX',
    path,
    key: `AS2/send/ACME/GLOBEX/${path}` as Key,
    state: 'queued',
    reason: undefined,
    size: 0,
    mtime: 0,
    closedAt: undefined,
    tries: 0,
    nextTryAt: undefined,
    waitsFor: undefined,
    error: undefined,
    etag: undefined,
    uploaded: 0,
    submittedAt: undefined,
    ...fields,
  }
}
