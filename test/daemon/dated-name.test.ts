/** Which names in an outbox are a file's own. */
import t from 'tap'
import { isCalled } from '../../src/daemon/dated-name.js'

t.test('its own, and one with a time before it or behind', async (t) => {
  const names = [
    'a.edi',
    '20261130123456_a.edi',
    '20261130-123456-a.edi',
    '2026-11-30T12:34:56.789Z_a.edi',
    '1796041234567 a.edi',
  ]
  const behind = ['a_20261130123456.edi', 'a.edi.20261130123456', 'a.edi_20261130']
  for (const it of [...names, ...behind]) t.ok(isCalled(it, 'a.edi'), it)
  t.ok(isCalled('20261130123456_order', 'order'), 'without an extension')
})

t.test('no other', async (t) => {
  const others = [
    'extra.edi',
    'a.edi2',
    '1_a.edi',
    '2026_a.edi',
    'b20261130123456_a.edi',
    '20261130123456_a.xml',
    'A.edi',
    'a20261130b.edi',
    '',
  ]
  for (const it of others) t.notOk(isCalled(it, 'a.edi'), it)
})
