import t from 'tap'
import { isNamed, messageNames } from '../../src/mdn/message-id.js'

t.test('a message is known by its id in whatever way the id comes back', (t) => {
  const same = [
    '<720784109397786.as2@mftgateway.com>',
    '720784109397786.as2@mftgateway.com',
    ' "<720784109397786.as2@mftgateway.com>" ',
    '\\"<720784109397786.as2@mftgateway.com>\\"',
    '%3C720784109397786.as2%40mftgateway.com%3E',
    '720784109397786.as2',
    '720784109397786',
  ]
  for (const id of same) {
    const names = messageNames(id)
    t.ok(names && isNamed(names, '720784109397786'), id)
    t.notOk(names && isNamed(names, '72078410939778'), id)
    t.notOk(names && isNamed(names, '7207841093977861'), id)
  }
  t.end()
})

t.test('an id is compared as it stands before it is decoded', (t) => {
  const odd = messageNames('<a%40b.c@host>')
  t.match(odd, { whole: 'a%40b.c@host', local: 'a%40b.c', stem: 'a%40b' })
  t.match(messageNames('100%@host'), { whole: '100%@host' })
  t.match(messageNames('100%'), { whole: '100%' })
  t.end()
})

t.test('a folder may have the whole id, or its local part', (t) => {
  const names = messageNames('<AS2-1.x@partner.example>')
  for (const folder of ['AS2-1', 'AS2-1.x', 'AS2-1.x@partner.example', '<AS2-1.x@partner.example>'])
    t.ok(names && isNamed(names, folder), folder)
  t.notOk(names && isNamed(names, 'AS2-1.y'))
  t.equal(messageNames('<>'), undefined)
  t.equal(messageNames('@host'), undefined)
  t.end()
})
