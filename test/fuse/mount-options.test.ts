import t from 'tap'
import { fuseOptions } from '../../src/fuse/mount-options.js'

const plain = { source: 'mftg-acme', allowOther: false, readOnly: false }

t.test('what the binding can’t say itself is there', async (t) => {
  const words = fuseOptions(plain).replace(/^-o/, '').split(',')
  for (const word of ['fsname=mftg-acme', 'subtype=as2fs', 'big_writes', 'auto_cache', 'negative_timeout=0']) {
    t.ok(words.includes(word), word)
  }
  t.notOk(words.includes('allow_other'))
  t.notOk(words.includes('ro'))
})

t.test('others are let in only with the kernel checking modes', async (t) => {
  t.match(fuseOptions({ ...plain, allowOther: true }), /,allow_other,default_permissions/)
  t.match(fuseOptions({ ...plain, readOnly: true }), /,ro(,|$)/)
})

t.test('a name is one word, whatever is in it', async (t) => {
  t.match(fuseOptions({ ...plain, source: 'a,suid\\b c' }), /^-ofsname=a\\,suid\\\\b_c,subtype/)
})

t.test('more than the binding’s buffer holds is refused', async (t) => {
  t.throws(() => fuseOptions({ ...plain, source: 'x'.repeat(1_000) }), { name: 'UsageError' })
})
