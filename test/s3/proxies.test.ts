/** Which proxy the environment names for a server, and around which servers it is gone. */
import t from 'tap'
import { Proxies } from '../../src/s3/proxies.js'

const aws = { isSecure: true, host: 'b.s3.eu-central-1.amazonaws.com', port: 443 }
const minio = { isSecure: false, host: 'minio', port: 9000 }
const local = { isSecure: false, host: '10.1.2.3', port: 9000 }
const six = { isSecure: true, host: '2001:db8::5', port: 443 }

function proxyOf(env: NodeJS.ProcessEnv, server = aws): string | undefined {
  return new Proxies(env).for(server)?.url.host
}

t.test('each scheme has its own, small letters count before capitals, and ALL_PROXY comes last', (t) => {
  t.equal(proxyOf({}), undefined)
  t.equal(proxyOf({ HTTPS_PROXY: 'http://a:1' }), 'a:1')
  t.equal(proxyOf({ HTTPS_PROXY: 'http://a:1' }, minio), undefined)
  t.equal(proxyOf({ HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'http://b:2' }, minio), 'b:2')
  t.equal(proxyOf({ HTTPS_PROXY: 'http://a:1', https_proxy: 'http://c:3' }), 'c:3')
  t.equal(proxyOf({ HTTPS_PROXY: 'http://a:1', https_proxy: '' }), undefined, 'an empty one takes it back')
  t.equal(proxyOf({ HTTPS_PROXY: 'http://a:1', ALL_PROXY: 'http://d:4' }), 'a:1')
  t.equal(proxyOf({ ALL_PROXY: 'http://d:4' }), 'd:4')
  t.equal(proxyOf({ HTTPS_PROXY: 'a:3128' }), 'a:3128', 'without a scheme it is http')
  t.equal(proxyOf({ HTTPS_PROXY: '//a:3128' }), 'a:3128')
  t.equal(proxyOf({ HTTPS_PROXY: 'http://[::1]:3128' }), '[::1]:3128')
  t.end()
})

const exceptions: readonly (readonly [noProxy: string, server: typeof aws, isExcepted: boolean])[] = [
  ['*', aws, true],
  ['localhost, *', aws, true],
  // A name stands for itself and all below it, as with the AWS CLI.
  ['amazonaws.com', aws, true],
  ['.amazonaws.com', aws, true],
  ['*.amazonaws.com', aws, true],
  ['AMAZONAWS.COM', aws, true],
  ['zonaws.com', aws, false],
  ['s3.eu-central-1.amazonaws.com', aws, true],
  ['s3.eu-west-1.amazonaws.com', aws, false],
  ['b.s3.eu-central-1.amazonaws.com:443', aws, true],
  ['amazonaws.com:8443', aws, false],
  ['localhost,minio', minio, true],
  ['minio:9000', minio, true],
  ['minio:9001', minio, false],
  ['mini', minio, false],
  ['10.1.2.3', local, true],
  ['10.1.2.3:9000', local, true],
  ['10.1.2.3:9001', local, false],
  ['10.0.0.0/8', local, true],
  ['10.0.0.0/16', local, false],
  ['10.0.0.0/99', local, false],
  ['2.3', local, false],
  ['2001:db8::5', six, true],
  ['[2001:db8:0::5]', six, true],
  ['[2001:db8::5]:443', six, true],
  ['[2001:db8::5]:9000', six, false],
  ['2001:db8::/32', six, true],
  ['10.0.0.0/8', six, false],
  ['', aws, false],
]

for (const [noProxy, server, isExcepted] of exceptions) {
  t.test(
    `NO_PROXY=${noProxy}: ${server.host}:${server.port} is reached ${isExcepted ? 'without' : 'through'} it`,
    (t) => {
      const env = { HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'http://a:1' }
      t.equal(proxyOf({ ...env, NO_PROXY: noProxy }, server), isExcepted ? undefined : 'a:1')
      t.equal(proxyOf({ ...env, no_proxy: noProxy, NO_PROXY: 'other' }, server), isExcepted ? undefined : 'a:1')
      t.end()
    },
  )
}

t.test(
  'what it is called has neither user nor password in it, and so have the sentences about one that is none',
  (t) => {
    const named = new Proxies({ HTTPS_PROXY: 'http://us%40er:s3cr3t@proxy.example.com:3128' }).for(aws)
    t.equal(named?.name, 'http://proxy.example.com:3128 (HTTPS_PROXY)')
    for (const value of [
      'http://user:s3#cr3t@proxy:3128',
      'http://user:s3cr%zz3t@proxy:3128',
      'socks5://user:s3cr3t@proxy:1080',
    ]) {
      try {
        new Proxies({ https_proxy: value }).for(aws)
        t.fail('it was taken')
      } catch (error) {
        t.match(error, {
          name: 'UnusableProxy',
          message: /^https_proxy (is not the URL of a proxy; write|names a proxy of the kind socks5; only)/,
        })
        t.notMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /cr3t|s3cr|zz3t/)
      }
    }
    t.end()
  },
)
