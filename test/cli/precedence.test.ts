/** Flags and words of -o before variables before the file before defaults. */
import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { MountConfig } from '../../src/config.js'
import { mountConfig } from '../../src/cli/mount-config.js'
import { flagsOf } from '../../src/cli/mount-words.js'
import type { OptionName } from '../../src/cli/options.js'
import { sh } from '../helpers/run.js'

type Flags = Partial<Record<OptionName, readonly string[]>>

function config(flags: Flags = {}, env: NodeJS.ProcessEnv = {}, cwd = '/', bucket = 'bucket'): Promise<MountConfig> {
  const entries = Object.entries(flags) as [OptionName, readonly string[]][]
  return mountConfig(
    { bucket, mountpoint: '/mnt/none', flags: new Map(entries) },
    { HOME: '/nonexistent', ...env },
    cwd,
  )
}

async function yaml(t: Test, text: string): Promise<string> {
  const file = join(t.testdir(), 'as2fs.yaml')
  await writeFile(file, text)
  return file
}

t.test('defaults are those of the specification', async (t) => {
  t.match(await config(), {
    bucket: 'bucket',
    mountpoint: '/mnt/none',
    endpoint: undefined,
    region: undefined,
    caFile: undefined,
    endpointFrom: undefined,
    pathStyle: false,
    prefix: 'AS2/',
    umask: 0o22,
    uid: process.getuid?.(),
    listTtl: 5_000,
    staleTtl: 300_000,
    opTimeout: 30_000,
    cacheSize: 268_435_456,
    diskCache: undefined,
    diskCacheSize: 10_737_418_240,
    stations: [],
    hold: [
      ...[
        '.*',
        '*~',
        '~$*',
        '#*#',
        '*.tmp',
        '*.temp',
        '*.part',
        '*.partial',
        '*.filepart',
        '*.sw[a-p]',
        '*.crdownload',
      ],
      ...['*.download', '*.lck', '*.lock', '*.uploading', '*.inprogress', '*.writing', '*.BTS-WIP', '*.lftp'],
      ...['*.camelLock', '4913', 'Thumbs.db', 'desktop.ini'],
    ],
    empty: 'hold',
    commit: 'close',
    triggerSuffixes: ['.ok', '.done'],
    onDuplicate: 'reject',
    multipartThreshold: 104_857_600,
    settle: 1_000,
    uploads: 8,
    drain: 30_000,
    logLevel: 'info',
  })
})

t.test('triggers have the ends that are given, with --commit trigger only', async (t) => {
  const given = { commit: ['trigger'], 'trigger-suffix': ['.ctl', '_ready'] }
  t.match(await config(given), { commit: 'trigger', triggerSuffixes: ['.ctl', '_ready'] })
  await t.rejects(config({ 'trigger-suffix': ['.ctl'] }), { name: 'UsageError', message: /--commit trigger/ })
  for (const text of ['ok', '', '.', '.a/b']) {
    await t.rejects(config({ ...given, 'trigger-suffix': [text] }), { name: 'UsageError', message: /with the dot/ })
  }
})

t.test('the flag counts before the variable, and that before the file', async (t) => {
  const file = await yaml(t, 'list-ttl: 3s\nstale-ttl: 3m\nuploads: 3\n')
  const env = { AS2FS_CONFIG: file, AS2FS_LIST_TTL: '2s', AS2FS_STALE_TTL: '2m' }
  const { listTtl, staleTtl, uploads, drain } = await config({ 'list-ttl': ['1s'] }, env)
  t.same({ listTtl, staleTtl, uploads, drain }, { listTtl: 1_000, staleTtl: 120_000, uploads: 3, drain: 30_000 })
})

t.test('a word of -o counts as a flag does: after the flag itself, before the variable and the file', async (t) => {
  const file = await yaml(t, 'list-ttl: 4s\nstale-ttl: 4m\nuploads: 4\nhold: "*.file"\n')
  const env = { AS2FS_CONFIG: file, AS2FS_STALE_TTL: '3m', AS2FS_HOLD: '*.variable' }
  const o = ['list-ttl=2s,stale-ttl=2m', 'uploads=2,hold=*.word']
  const typed = new Map([
    ['o', o],
    ['list-ttl', ['1s']],
    ['hold', ['*.flag']],
  ])
  const flags = flagsOf({ positionals: [], options: typed })
  const { listTtl, staleTtl, uploads, hold } = await config(Object.fromEntries(flags), env)
  t.same({ listTtl, staleTtl, uploads }, { listTtl: 1_000, staleTtl: 120_000, uploads: 2 })
  t.same(hold, ['*.word', '*.flag'], 'lists are joined')
})

t.test('another server has its bucket in the path, unless told otherwise', async (t) => {
  t.equal((await config({ endpoint: ['http://minio:9000'] })).pathStyle, true)
  t.equal((await config({ endpoint: ['http://minio:9000'], 'path-style': ['false'] })).pathStyle, false)
})

t.test('lists come from flags, variables and files', async (t) => {
  const stations = [
    { station: 'A', partner: 'B' },
    { station: 'C,D', partner: 'E' },
  ]
  t.same((await config({ station: ['A/B', 'C,D/E'] })).stations, stations)
  t.same((await config({}, { AS2FS_STATION: 'A/B,C\\,D/E' })).stations, stations)
  const file = await yaml(t, 'station:\n  - A/B\n  - "C,D/E"\n')
  t.same((await config({ config: [file] })).stations, stations)
})

t.test('YAML values are texts, as on the command line', async (t) => {
  const file = await yaml(t, 'umask: 077\nread-only: yes\nuploads: 4\n')
  const { umask, readOnly, uploads } = await config({ config: [file] })
  t.same({ umask, readOnly, uploads }, { umask: 0o77, readOnly: true, uploads: 4 })
})

t.test('paths begin where they are written', async (t) => {
  const file = await yaml(t, 'credentials-csv: keys.csv\n')
  const { credentialsCsv, stateDir } = await config({ config: [file], 'state-dir': ['state'] }, {}, '/somewhere')
  t.equal(credentialsCsv, join(t.testdirName, 'keys.csv'))
  t.equal(stateDir, '/somewhere/state')
})

t.test('a file may name bucket and mountpoint, and what is typed counts first', async (t) => {
  const file = await yaml(t, 'bucket: in-file\nmountpoint: mnt\n')
  const flags = new Map([['config', [file]]] as const)
  const words = async (bucket?: string, mountpoint?: string) => {
    const it = await mountConfig({ bucket, mountpoint, flags }, {}, '/')
    return [it.bucket, it.mountpoint]
  }
  t.same(await words(), ['in-file', join(t.testdirName, 'mnt')], 'a path begins where it is written')
  t.same(await words('typed', '/mnt/typed'), ['typed', '/mnt/typed'])
  t.same(await words('typed'), ['typed', join(t.testdirName, 'mnt')])
  await writeFile(file, 'mountpoint: /mnt/none\n')
  await t.rejects(words(), { message: /as2fs\.yaml has no bucket: write 'bucket: mftg-acme' there, or/ })
  await writeFile(file, 'bucket: in-file\nmountpoint:\n')
  await t.rejects(words(), { message: /as2fs\.yaml: mountpoint has no value\.$/ })
})

t.test('a configuration file that is none, or that has no end, costs no memory and no time', async (t) => {
  const file = join(t.testdir({}), 'as2fs.yaml')
  const rejected = async (wanted: RegExp): Promise<void> => {
    await t.rejects(config({ config: [file] }), { name: 'UsageError', message: wanted })
  }
  for (const bytes of [[0xff, 0xfe, 0x62], [0x00, 0x01], [...Buffer.from('bucket: a\xff', 'latin1')]]) {
    await writeFile(file, Buffer.from(bytes))
    await rejected(/^The configuration file \/.*as2fs\.yaml is no text in UTF-8\.$/)
  }
  await truncate(file, 3 * 1024 ** 3)
  await rejected(/^The configuration file \/.*as2fs\.yaml is too large: it has more than 1 MiB\. Is it another's\?$/)
  await rm(file)
  await sh(`mkfifo '${file}'`)
  await rejected(/is no file, but a pipe\.$/)
  t.equal((await config({ config: ['/dev/null'] })).listTtl, 5_000)
})

t.test('an empty file says nothing', async (t) => {
  t.equal((await config({ config: [await yaml(t, '# nothing yet\n')] })).listTtl, 5_000)
})

t.test('mistakes say where they are', async (t) => {
  const rejected = async (wanted: RegExp, flags: Flags, env: NodeJS.ProcessEnv = {}): Promise<void> => {
    await t.rejects(config(flags, env), { name: 'UsageError', message: wanted })
  }
  await rejected(/^--list-ttl: '5x' is not a duration; write/, { 'list-ttl': ['5x'] })
  await rejected(/^AS2FS_LIST_TTL: '5x' is not/, {}, { AS2FS_LIST_TTL: '5x' })
  await rejected(/^There is no variable AS2FS_LIST_TLL. Did you mean AS2FS_LIST_TTL\?$/, {}, { AS2FS_LIST_TLL: '5s' })
  await rejected(
    /^There is no variable AS2FS_NO_READ_ONLY: write AS2FS_READ_ONLY=false\.$/,
    {},
    { AS2FS_NO_READ_ONLY: '1' },
  )
  await rejected(
    /^There is no variable AS2FS_NO_AUDIT_LOG. Did you mean AS2FS_AUDIT_LOG\?$/,
    {},
    { AS2FS_NO_AUDIT_LOG: '1' },
  )
  await rejected(/can't be read \(ENOENT\)/, { config: ['/no/such.yaml'] })
  await rejected(/\/dev\/zero is no file, but a device\.$/, { config: ['/dev/zero'] })
  await rejected(/\/tmp is no file, but a folder\.$/, { config: ['/tmp'] })
  await rejected(/both name credentials/, { profile: ['x'], 'credentials-csv': ['y'] })
  const inFile = async (text: string, wanted: RegExp): Promise<void> =>
    rejected(wanted, { config: [await yaml(t, text)] })
  await inFile('list-ttl: 5x', /^list-ttl in \/.*as2fs.yaml: '5x' is not/)
  await inFile('lst-ttl: 5s', /there is no option 'lst-ttl'. Did you mean list-ttl\?/)
  await inFile('no-read-only: true', /there is no option 'no-read-only': write 'read-only: false'\.$/)
  await inFile('uploads: [1, 2]', /uploads has no value/)
  await inFile('config: other.yaml', /there can be only one/)
  await inFile('- a\n- b', /is not a list of options/)
  await inFile('a: [', /is not YAML/)
  await inFile('hold: x\nhold: y', /as2fs\.yaml has hold twice: leave one\.$/)
  await inFile('bucket: x\nbucket: y', /as2fs\.yaml has bucket twice: leave one\.$/)
  await inFile('bucket: x\n---\nbucket: y', /is not YAML: a line --- begins another document, at line 2\.$/)
  const deep = ['['.repeat(20_000), '[{a: '.repeat(10_000), `\n${'- '.repeat(20_000)}x`, `\n${'? '.repeat(20_000)}x`]
  for (const it of deep) await inFile(`hold: ${it}`, /is not YAML: it is nested too deeply\.$/)
  const steps = Array.from({ length: 1_400 }, (_, n) => `${' '.repeat(n)}a:`).join('\n')
  await inFile(steps, /is not YAML: it is nested too deeply\.$/)
})

t.test('variables of others are left alone', async (t) => {
  await t.resolves(config({}, { AS2FS_TEST_S3: 'x', AS2FS_DEBUG: '1', AS2FS_IN_BACKGROUND: '1', HOME: '/' }))
})

t.test(
  'what all of AWS’s programs take for the server and its certificates counts, after our own options',
  async (t) => {
    const env = { AWS_ENDPOINT_URL: 'http://one:9000', AWS_CA_BUNDLE: '/etc/ca.pem' }
    t.match(await config({}, env), {
      endpoint: 'http://one:9000',
      endpointFrom: 'AWS_ENDPOINT_URL',
      pathStyle: true,
      caFile: { path: '/etc/ca.pem', from: 'AWS_CA_BUNDLE' },
    })
    t.match(await config({}, { ...env, AWS_ENDPOINT_URL_S3: 'http://two:9000/' }), { endpoint: 'http://two:9000' })
    const flags = { endpoint: ['http://three:9000'], 'ca-file': ['/own.pem'] }
    t.match(await config(flags, env), {
      endpoint: 'http://three:9000',
      endpointFrom: '--endpoint',
      caFile: { path: '/own.pem', from: '--ca-file' },
    })
    t.equal((await config({}, { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })).endpoint, undefined)
    await t.rejects(config({}, { AWS_ENDPOINT_URL: 'minio:9000' }), { message: /^AWS_ENDPOINT_URL: / })
  },
)

const profiles = `
[default]
region = eu-north-1
[profile acme]
endpoint_url = http://profile:9000
ca_bundle = /etc/acme.pem
[profile both]
endpoint_url = http://all:9000
services = local
[profile deaf]
endpoint_url = http://profile:9000
ignore_configured_endpoint_urls = true
[profile fips]
use_fips_endpoint = true
[services local]
s3 =
  endpoint_url = http://own:9000
`

t.test('what a profile says of the server and its certificates counts after that, S3’s own first', async (t) => {
  const env = { AWS_CONFIG_FILE: join(t.testdir({ config: profiles }), 'config') }
  const with_ = (profile: string, more: NodeJS.ProcessEnv = {}): ReturnType<typeof config> =>
    config({ profile: [profile] }, { ...env, ...more })
  t.match(await with_('acme'), {
    endpoint: 'http://profile:9000',
    endpointFrom: 'the profile acme',
    pathStyle: true,
    caFile: { path: '/etc/acme.pem', from: 'the profile acme' },
  })
  t.equal((await config({}, { ...env, AWS_PROFILE: 'acme' })).endpoint, 'http://profile:9000')
  t.equal((await config({}, env)).endpoint, undefined)
  t.equal((await with_('both')).endpoint, 'http://own:9000')
  t.equal((await with_('both', { AWS_ENDPOINT_URL: 'http://variable:9000' })).endpoint, 'http://variable:9000')
  t.equal((await with_('deaf')).endpoint, undefined)
  t.equal((await with_('acme', { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })).endpoint, undefined)
})

t.test('an endpoint of AWS’s own kind and one of another server exclude one another', async (t) => {
  const env = { AWS_CONFIG_FILE: join(t.testdir({ config: profiles }), 'config') }
  const flags = { endpoint: ['http://minio:9000'] }
  await t.rejects(config({ ...flags, profile: ['fips'] }, env), {
    name: 'UsageError',
    message:
      'the profile fips asks for a FIPS endpoint of AWS, --endpoint names another server: take one of them away.',
  })
  const dual = { AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_ENDPOINT_URL_S3: 'http://minio:9000' }
  await t.rejects(config({}, dual), {
    message: /^AWS_USE_DUALSTACK_ENDPOINT asks for a dual-stack .*AWS_ENDPOINT_URL_S3 names/,
  })
  await t.rejects(config({}, { AWS_USE_FIPS_ENDPOINT: 'yes' }), {
    message: /^AWS_USE_FIPS_ENDPOINT says .*: write true or false\.$/,
  })
  await t.resolves(config(flags, { AWS_USE_FIPS_ENDPOINT: 'false' }))
  await t.resolves(config({ profile: ['fips'] }, env))
})

t.test('a bucket may be an access point of one region, and its host has the bucket in it', async (t) => {
  const arn = 'arn:aws:s3:eu-west-1:123456789012:accesspoint/as2'
  t.match(await config({ endpoint: ['https://vpce.example.com'] }, {}, '/', arn), { bucket: arn, pathStyle: false })
  for (const other of [
    'arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap',
    'arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/a',
  ]) {
    await t.rejects(config({}, {}, '/', other), {
      name: 'UsageError',
      message: /^The bucket: .*is not the ARN of an access point in one region; write/,
    })
  }
  await t.rejects(config({}, {}, '/', 'as2--euw1-az1--x-s3'), { message: /directory bucket/ })
})
