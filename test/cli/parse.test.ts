/** Texts of options → values. */
import t from 'tap'
import * as parse from '../../src/cli/parse.js'

t.test('durations have a unit', async (t) => {
  const cases = { '250ms': 250, '5s': 5_000, '10m': 600_000, '1h': 3_600_000, '2d': 172_800_000, '1.5s': 1_500, '0': 0 }
  for (const [text, value] of Object.entries(cases)) t.equal(parse.duration()(text, '/'), value, text)
  for (const text of ['', '5', 's', '5x', '-5s', '5 parsecs', '1h30m', 'NaN', '5S']) {
    t.throws(() => parse.duration()(text, '/'), { name: 'ParseError', message: /is not a duration; write / }, text)
  }
})

t.test('sizes are those of coreutils', async (t) => {
  const cases = {
    '0': 0,
    '17': 17,
    '17B': 17,
    '512k': 524_288,
    '512K': 524_288,
    '1kB': 1_000,
    '1MB': 1_000_000,
    '256MiB': 268_435_456,
    '10GiB': 10_737_418_240,
    '1.5M': 1_572_864,
    '1TiB': 1_099_511_627_776,
  }
  for (const [text, value] of Object.entries(cases)) t.equal(parse.size()(text, '/'), value, text)
  for (const text of ['', 'MiB', '1iB', '1PB', '-1k', '1 apple', '0x10']) {
    t.throws(() => parse.size()(text, '/'), { name: 'ParseError', message: /is not a size; write / }, text)
  }
})

t.test('bounds are said in the words of the option', async (t) => {
  t.throws(() => parse.size({ min: '16MiB' })('1MiB', '/'), { message: "'1MiB' is too little; at least 16MiB." })
  t.throws(() => parse.duration({ max: '1h' })('2h', '/'), { message: "'2h' is too much; at most 1h." })
  t.throws(() => parse.duration()('25d', '/'), { message: "'25d' is too much; at most 24d." })
  t.equal(parse.duration({ min: '1s', max: '1h' })('1s', '/'), 1_000)
})

t.test('a umask is octal', async (t) => {
  for (const text of ['022', '22', '0o22', '0022']) t.equal(parse.umask(text), 0o22, text)
  t.equal(parse.umask('0'), 0)
  for (const text of ['', '8', '01777', 'u=rw', '0x12']) t.throws(() => parse.umask(text), { name: 'ParseError' }, text)
})

t.test('users and groups have numbers or names', async (t) => {
  t.equal(parse.uid('1234'), 1234)
  t.equal(parse.uid('root'), 0)
  t.equal(parse.gid('root'), 0)
  t.throws(() => parse.uid('no-such-user'), { message: "there is no user 'no-such-user'; write a name or a number." })
  t.throws(() => parse.gid('-1'), { name: 'ParseError' })
  t.throws(() => parse.uid('4294967295'), { name: 'ParseError' }, 'the kernel’s word for nobody at all')
})

t.test('a station comes with its partner', async (t) => {
  t.same(parse.station('ACME Corp/GLOBEX'), { station: 'ACME Corp', partner: 'GLOBEX' })
  for (const text of ['ACME', 'ACME/', '/GLOBEX', 'a/b/c', '../b', '']) {
    t.throws(() => parse.station(text), { message: /write STATION\/PARTNER/ }, text)
  }
})

t.test('an endpoint is a server, without secrets', async (t) => {
  t.equal(parse.endpoint('http://minio:9000/'), 'http://minio:9000')
  t.equal(parse.endpoint('https://s3.example.com'), 'https://s3.example.com')
  for (const text of ['minio:9000', 'ftp://x', '', 's3://bucket']) t.throws(() => parse.endpoint(text), text)
  const error = thrown(() => parse.endpoint('http://key:secret@minio:9000'))
  t.match(error, /user or a password/)
  t.notMatch(error, /secret@/, 'the secret is not repeated')
})

t.test('a prefix ends in a slash and begins without', async (t) => {
  t.equal(parse.prefix('AS2'), 'AS2/')
  t.equal(parse.prefix('eu/AS2/'), 'eu/AS2/')
  t.throws(() => parse.prefix('/AS2'))
})

t.test('paths begin where the option stands', async (t) => {
  t.equal(parse.path('keys.csv', '/etc/as2fs'), '/etc/as2fs/keys.csv')
  t.equal(parse.path('/k', '/etc'), '/k')
})

t.test('a choice that is none of the choices gets a suggestion', async (t) => {
  const choice = parse.choice('hold', 'send', 'reject')
  t.equal(choice('send', '/'), 'send')
  t.throws(() => choice('rejcet', '/'), { message: "'rejcet' is none of hold, send, reject. Did you mean reject?" })
})

t.test('a bucket given as a URL is understood', async (t) => {
  t.equal(parse.bucket('mftg-test.1'), 'mftg-test.1')
  t.throws(() => parse.bucket('s3://mftg-test/AS2'), { message: /write mftg-test alone/ })
  t.throws(() => parse.bucket('a/b'), { message: /is not the name of a bucket/ })
})

function thrown(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return String(error)
  }
  return ''
}
