/** `--http`: what is a place to listen, and who can reach it. */
import t from 'tap'
import { httpAddress } from '../../src/cli/http-address.js'
import { isLocal, shownAddress } from '../../src/http/address.js'

const places: readonly (readonly [text: string, shown: string, isLocal: boolean])[] = [
  ['127.0.0.1:9123', 'http://127.0.0.1:9123/', true],
  ['127.8.8.8:1', 'http://127.8.8.8:1/', true],
  ['localhost:80', 'http://localhost:80/', true],
  ['[::1]:9123', 'http://[::1]:9123/', true],
  ['[::ffff:127.0.0.1]:9123', 'http://[::ffff:127.0.0.1]:9123/', true],
  ['unix:/run/as2fs/http.sock', 'unix:/run/as2fs/http.sock', true],
  ['/run/../run/http.sock', 'unix:/run/http.sock', true],
  ['unix:http.sock', 'unix:/home/me/http.sock', true],
  ['0.0.0.0:9123', 'http://0.0.0.0:9123/', false],
  ['[::]:9123', 'http://[::]:9123/', false],
  ['10.0.0.7:9123', 'http://10.0.0.7:9123/', false],
  ['127.example.com:9123', 'http://127.example.com:9123/', false],
  ['as2.example.com:0', 'http://as2.example.com:0/', false],
]

t.test('a place to listen', (t) => {
  for (const [text, shown, local] of places) {
    const address = httpAddress(text, '/home/me')
    t.same([shownAddress(address), isLocal(address)], [shown, local], text)
  }
  t.end()
})

t.test('what is none is refused with a sentence', (t) => {
  const texts = [
    '',
    '9123',
    ':9123',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:70000',
    '::1:9123',
    '[::1]',
    '[x]:1',
    'a b:1',
  ]
  for (const text of [...texts, 'http://127.0.0.1:9123', 'http.sock', '127.0.0.1:9123/x']) {
    t.throws(() => httpAddress(text, '/'), { message: /is no place to listen; write 127\.0\.0\.1:9123/ }, text)
  }
  t.throws(() => httpAddress(`/${'x'.repeat(107)}`, '/'), { message: /107 bytes at most/ })
  t.end()
})
