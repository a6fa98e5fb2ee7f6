/** What a doctor says of keys, the bucket and what they may do there, each with the fault that it is for. */
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/telemetry/clock.js'
import { credentials } from '../helpers/mounted.js'
import { diagnose, examine, found, ownEnvironment, patient, type Patient } from '../helpers/doctor.js'

ownEnvironment()
// Each waits mostly.
t.jobs = 4

t.test('where nothing is wrong, a mount would work, and nothing has changed', async (t) => {
  const { args, server } = await patient(t)
  const before = server.list('').map(({ key }) => key)
  const { code, report, mark } = await diagnose(args)
  t.equal(code, 0)
  t.match(report, { works: true, verdict: /^A mount would work/ })
  t.same(
    report.checks.filter(({ mark }) => mark === 'warning' || mark === 'failure'),
    [],
  )
  t.equal(mark('send'), 'ok')
  t.same(
    server.list('').map(({ key }) => key),
    before,
  )
  t.same(server.uploads.list(), [])
  const asked = new Set(server.requests.list.map(({ operation }) => operation))
  t.notOk(asked.has('PutObject') || asked.has('CompleteMultipartUpload'))
})

const denied = { status: 403, code: 'AccessDenied' }

interface Planted {
  readonly name: string
  readonly line: string
  readonly mark: 'failure' | 'warning'
  readonly sentence: RegExp
  readonly plant?: (patient: Patient) => void | Promise<void>
  readonly flags?: (patient: Patient) => readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

const faults: readonly Planted[] = [
  {
    name: 'a wrong secret key',
    line: 'keys',
    mark: 'failure',
    sentence: /secret key is wrong \(SignatureDoesNotMatch\): get new ones/,
    env: { AWS_SECRET_ACCESS_KEY: 'wrong' },
  },
  {
    name: 'a key that is unknown',
    line: 'keys',
    mark: 'failure',
    sentence: /access key is not known \(InvalidAccessKeyId\)/,
    env: { AWS_ACCESS_KEY_ID: 'AKIAWRONG' },
  },
  {
    name: 'a session that has expired',
    line: 'keys',
    mark: 'failure',
    sentence: /have expired \(ExpiredToken\)/,
    plant: ({ proxy }) =>
      void proxy.add({ key: /^/, operation: 'ListObjectsV2', fault: { status: 400, code: 'ExpiredToken' } }),
  },
  {
    name: 'no credentials at all',
    line: 'credentials',
    mark: 'failure',
    sentence: /No credentials were found: give --credentials-csv/,
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
  },
  {
    name: 'a credentials file that is not there',
    line: 'credentials',
    mark: 'failure',
    sentence: /credentials file \/nonexistent\.csv can't be read \(ENOENT\)/,
    flags: () => ['--credentials-csv', '/nonexistent.csv'],
  },
  {
    name: 'a credentials file that others may read',
    line: 'credentials',
    mark: 'warning',
    sentence: /may be read by others \(mode 0644\): chmod 600 it/,
    plant: async ({ directory }) => {
      const file = join(directory, 'keys.csv')
      await writeFile(file, `Access key ID,Secret access key\n${credentials.accessKey},${credentials.secretKey}\n`)
      await chmod(file, 0o644)
    },
    flags: ({ directory }) => ['--credentials-csv', join(directory, 'keys.csv')],
  },
  {
    name: 'a credential_process whose credentials have expired',
    line: 'credentials',
    mark: 'failure',
    sentence: /credential_process of the profile old prints have expired/,
    plant: async ({ directory }) => {
      const printed = { Version: 1, AccessKeyId: 'a', SecretAccessKey: 'b', Expiration: '2020-01-01T00:00:00Z' }
      await writeFile(join(directory, 'printed'), JSON.stringify(printed))
      await writeFile(
        join(directory, 'config'),
        `[profile old]\ncredential_process = cat ${join(directory, 'printed')}\n`,
      )
    },
    flags: () => ['--profile', 'old'],
    env: {},
  },
  {
    name: 'a bucket that there is not',
    line: 'bucket',
    mark: 'failure',
    sentence: /there is no such bucket \(NoSuchBucket\); check its name/,
    plant: ({ proxy }) => void proxy.add({ operation: 'ListObjectsV2', fault: { status: 404, code: 'NoSuchBucket' } }),
  },
  {
    name: 'another region than the bucket’s',
    line: 'region',
    mark: 'warning',
    sentence: /The bucket is in the region eu-central-1, and not in us-west-2 \(--region\): name eu-central-1 there/,
    plant: ({ proxy }) => {
      const body =
        '<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong</Message><Region>eu-central-1</Region></Error>'
      const page = { status: 400, headers: { 'content-type': 'application/xml', 'x-amz-request-id': '1' }, body }
      proxy.add({ operation: 'ListObjectsV2', times: 1, fault: { page } })
    },
    flags: () => ['--region', 'us-west-2'],
  },
  {
    name: 'a region that is wrong, by a server that does not name the right one',
    line: 'region',
    mark: 'failure',
    sentence: /the region is wrong: give --region/,
    plant: ({ proxy }) =>
      void proxy.add({ operation: 'ListObjectsV2', fault: { status: 400, code: 'AuthorizationHeaderMalformed' } }),
  },
  {
    name: 'a prefix that is another one',
    line: 'prefix',
    mark: 'failure',
    sentence: /nothing of a gateway below as2\/ in the bucket mftg-test, but below AS2\/: give --prefix AS2\//,
    flags: () => ['--prefix', 'as2/'],
  },
  {
    name: 'a bucket that is empty',
    line: 'prefix',
    mark: 'warning',
    sentence: /it has nothing else either: the gateway has put nothing there yet/,
    plant: ({ server }) => server.list('').forEach(({ key }) => server.delete(key)),
  },
  {
    name: 'keys that may not list what came',
    line: 'list files/',
    mark: 'failure',
    sentence:
      /may not list AS2\/files\/ \(AccessDenied\), so nothing that came in or was sent is seen: allow s3:ListBucket/,
    plant: ({ proxy }) => void proxy.add({ operation: 'ListObjectsV2', key: /^AS2\/files\//, fault: denied }),
  },
  {
    name: 'keys that may not list headers',
    line: 'list headers/',
    mark: 'warning',
    sentence: /may not list AS2\/headers\/ .*allow s3:ListBucket there/,
    plant: ({ proxy }) => void proxy.add({ operation: 'ListObjectsV2', key: /^AS2\/headers\//, fault: denied }),
  },
  {
    name: 'keys that may not read',
    line: 'read',
    mark: 'failure',
    sentence: /Could not read AS2\/files\/.*\(AccessDenied\): allow s3:GetObject below AS2\//,
    plant: ({ proxy }) => void proxy.add({ operation: 'GetObject', fault: denied }),
  },
  {
    name: 'keys that may not put',
    line: 'send',
    mark: 'failure',
    sentence: /may not put anything below AS2\/send\/ACME\/GLOBEX\/ \(AccessDenied\): allow s3:PutObject/,
    plant: ({ proxy }) => void proxy.add({ operation: 'CreateMultipartUpload', fault: denied }),
  },
]

for (const { name, line, mark, sentence, plant, flags, env } of faults) {
  t.test(name, async (t) => {
    const it = await patient(t)
    await plant?.(it)
    const args = [...it.args, ...(flags?.(it) ?? [])]
    const files = { AWS_CONFIG_FILE: join(it.directory, 'config'), AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' }
    const diagnosis = await (env ? diagnose(args, { env: { ...files, ...env } }) : examine(args))
    found(t, diagnosis, line, mark, sentence)
    t.same(it.server.uploads.list(), [], 'no upload is left')
  })
}

t.test('keys that may begin an upload and not abort it: what stays is told, and how to end it', async (t) => {
  const { args, proxy, server } = await patient(t)
  proxy.add({ operation: 'AbortMultipartUpload', fault: denied })
  const diagnosis = await examine(args)
  found(
    t,
    diagnosis,
    'send',
    'warning',
    /may put, but not abort: allow s3:AbortMultipartUpload\).*no parts, makes no object/,
  )
  const [upload] = server.uploads.list()
  const told = /--key (\S+) --upload-id ([^\s.]+)/.exec(diagnosis.text('send'))
  t.equal(told?.[1], upload?.key)
  t.equal(server.uploads.list().length, 1)
})

t.test('a clock that is wrong', async (t) => {
  const ahead = (minutes: number) => ({
    ...systemClock,
    now: () => Date.now() + minutes * 60_000,
    monotonic: () => systemClock.monotonic(),
  })
  for (const [minutes, mark] of [
    [2, 'warning'],
    [10, 'failure'],
    [20, 'failure'],
  ] as const) {
    const { args } = await patient(t, { clock: ahead(minutes) })
    found(t, await examine(args), 'clock', mark, new RegExp(`is ${minutes} min behind the server's.*timedatectl`))
  }
})
