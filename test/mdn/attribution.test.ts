import t from 'tap'
import { AttributionByContent, attributionByKey, type MdnContents } from '../../src/mdn/attribution.js'
import type { Key } from '../../src/units.js'
import type { Partner } from '../../src/view/partner.js'

const globex = { station: 'ACME', partner: 'GLOBEX' }
const initech = { station: 'ACME', partner: 'INITECH' }
const known = (station: string, partner: string): boolean =>
  [globex, initech].some((it) => it.station === station && it.partner === partner)
const mdn = (...segments: string[]) => {
  const object = { key: segments.join('/') as Key, size: 1, mtime: 0, etag: 'x' }
  return { direction: 'incoming', segments, object } as const
}

t.test('station and partner in the key tell whose it is', async (t) => {
  const attribute = (...segments: string[]) => attributionByKey.attribute(mdn(...segments), known)
  t.same(attribute('ACME', 'GLOBEX', '1.mdn'), { ...globex, rest: ['1.mdn'] })
  t.same(attribute('ACME', 'GLOBEX', '2026', '1.mdn'), { ...globex, rest: ['2026', '1.mdn'] })
  t.match(attribute('NEW', 'PAIR', '1.mdn'), { station: 'NEW', partner: 'PAIR' }, 'also of a pair not known otherwise')
  t.match(attribute('2026-11', 'ACME', 'GLOBEX', '1.mdn'), globex, 'further in')
  t.equal(attribute('1.mdn'), undefined)
  t.equal(attribute('2026', '1.mdn'), undefined)
})

t.test('the key comes first, then the sides, the message that it answers, and whom that was sent to', async (t) => {
  const says = (sides?: Partner, owner?: Partner, recipient?: string) => {
    const contents: MdnContents = {
      changes: 0,
      sidesOf: () => sides,
      ownerOf: () => owner,
      recipientOf: () => recipient,
    }
    const only = new Map([['GLOBEX', globex]])
    return new AttributionByContent(contents, (side, id) => (side === 'partner' ? only.get(id) : undefined))
  }
  const flat = mdn('1.mdn')
  const nobody = { station: 'ACME', partner: 'NOBODY' }
  t.match(says(globex, globex, 'GLOBEX').attribute(mdn('ACME', 'INITECH', '1.mdn'), known), initech)
  t.same(says(initech, globex, 'GLOBEX').attribute(flat, known), { ...initech, rest: ['1.mdn'] })
  t.match(says(nobody, initech, 'GLOBEX').attribute(flat, known), initech, 'sides that nobody knows tell nothing')
  t.match(says(undefined, undefined, 'GLOBEX').attribute(flat, known), globex)
  t.equal(says(undefined, undefined, 'INITECH').attribute(flat, known), undefined, 'several have it')
  t.equal(says().attribute(flat, known), undefined)
  t.same(says(globex).attribute(mdn('2026', '11', '1.mdn'), known), { ...globex, rest: ['2026', '11', '1.mdn'] })
})
