import t from 'tap'
import { attributionByKey } from '../../src/mdn/attribution.js'

const known = (station: string, partner: string): boolean => station === 'ACME' && partner === 'GLOBEX'

t.test('station and partner in the key tell whose it is', async (t) => {
  const attribute = (...segments: string[]) => attributionByKey.attribute(segments, known)
  t.same(attribute('ACME', 'GLOBEX', '1.mdn'), { station: 'ACME', partner: 'GLOBEX', rest: ['1.mdn'] })
  t.same(attribute('ACME', 'GLOBEX', '2026', '1.mdn'), { station: 'ACME', partner: 'GLOBEX', rest: ['2026', '1.mdn'] })
  t.match(attribute('NEW', 'PAIR', '1.mdn'), { station: 'NEW', partner: 'PAIR' }, 'also of a pair not known otherwise')
  t.match(attribute('2026-11', 'ACME', 'GLOBEX', '1.mdn'), { station: 'ACME', partner: 'GLOBEX' }, 'further in')
  t.equal(attribute('1.mdn'), undefined)
  t.equal(attribute('2026', '1.mdn'), undefined)
})
