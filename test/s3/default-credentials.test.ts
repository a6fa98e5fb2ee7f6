/** The SDK's chain in the hands of as2fs: what goes wrong is one true sentence without a secret, waited out, and bounded. */
import { createServer, type RequestListener } from 'node:http'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import { createHash } from 'node:crypto'
import { networkOf, requestHandler } from '../../src/s3/network.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { defaultCredentials } from '../../src/s3/default-credentials.js'
import { until } from '../helpers/until.js'

const config = `
[default]
region = eu-central-1
[profile failing]
credential_process = sh -c 'echo s3cr3t; echo s3cr3t >&2; exit 3'
[profile rubbish]
credential_process = echo s3cr3t
[profile half]
credential_process = echo '{"Version":1,"AccessKeyId":"s3cr3t"}'
[profile sso]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 123456789012
sso_role_name = reader
[profile session]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = reader
[sso-session corp]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-central-1
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile orphan]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = nobody
[profile web]
role_arn = arn:aws:iam::123456789012:role/reader
web_identity_token_file = /nonexistent/token
[profile machine]
role_arn = arn:aws:iam::123456789012:role/reader
credential_source = Ec2InstanceMetadata
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = s3cr3t
[profile role]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = base
region = eu-central-1
`

/** The machine's own ways to credentials, out of the way for the time of a test. */
async function alone(t: Test, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const home = t.testdir({ config })
  const env: Readonly<Record<string, string>> = {
    ...{ HOME: home, AWS_CONFIG_FILE: join(home, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(home, 'none') },
    ...{ AWS_EC2_METADATA_DISABLED: 'true', ...more },
  }
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, env)
  t.teardown(() => {
    for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name)
    Object.assign(process.env, before)
  })
  return home
}

const patience = 10_000
const sentences: readonly (readonly [profile: string | undefined, sentence: RegExp])[] = [
  [undefined, /^No credentials were found: give --credentials-csv, --profile or AWS_ACCESS_KEY_ID\.$/],
  ['misspelt', /^There is no profile misspelt in ~\/\.aws\/config/],
  ['failing', /^The credential_process of the profile failing failed/],
  ['rubbish', /^The credential_process of the profile rubbish printed something else than credentials\.$/],
  ['half', /^The credential_process of the profile half printed something else than credentials\.$/],
  ['sso', /^The SSO session of the profile sso has expired, or was never begun: aws sso login\.$/],
  ['mfa', /^A code \(MFA\) is asked for by the profile mfa, and a mount has none: give one without mfa_serial\.$/],
  ['orphan', /^The profile orphan takes its credentials from the profile nobody, which is not there, or has none\.$/],
  ['web', /^The file \/nonexistent\/token, from which credentials come, can't be read \(ENOENT\)\.$/],
  [
    'machine',
    /^The profile machine gives no credentials: it needs keys, a credential_process, an SSO session, or a role/,
  ],
  ['session', /^The SSO session of the profile session has expired, or was never begun: aws sso login\.$/],
]

t.test('what is wrong is said as it is, without a secret, and waited out', async (t) => {
  await alone(t)
  for (const [profile, sentence] of sentences) {
    const source = defaultCredentials({ profile, patience, clock: systemClock })
    const error = await source.get().then(
      () => t.fail('there are none'),
      (it: unknown) => it,
    )
    t.match(error, { failure: 'credentials', code: 'EIO', message: sentence }, profile ?? 'no profile')
    t.notMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /s3cr3t/)
  }
})

t.test('a misspelt AWS_PROFILE is said, too', async (t) => {
  await alone(t, { AWS_PROFILE: 'misspelt' })
  const source = defaultCredentials({ profile: undefined, patience, clock: systemClock })
  await t.rejects(source.get(), { message: /^There is no profile misspelt/ })
})

/** @returns where it is */
async function answering(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What STS says instead of handing out credentials. */
function refusing(code: string, status: number): RequestListener {
  const text = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`
  return (_request, response) => void response.writeHead(status, { 'content-type': 'text/xml' }).end(text)
}

t.test('what servers for credentials say, or don’t, is told as such', async (t) => {
  const gone = 'http://127.0.0.1:9'
  const silent = await answering(t, () => undefined)
  const no = await answering(t, (_request, response) => void response.writeHead(403).end('no'))
  const expiredKeys = await answering(t, refusing('ExpiredToken', 403))
  const container = 'AWS_CONTAINER_CREDENTIALS_FULL_URI'
  const sentences: readonly (readonly [env: Readonly<Record<string, string>>, profile: string | undefined, RegExp])[] =
    [
      [
        { [container]: `${no}/keys` },
        undefined,
        /^The container's server for credentials gives none \(AWS_CONTAINER_CREDENTIALS_FULL_URI\)/,
      ],
      [
        { [container]: `${gone}/keys` },
        undefined,
        /^The container's server for credentials can't be reached, ECONNREFUSED/,
      ],
      [
        { [container]: 'http://example.com/keys' },
        undefined,
        /names a server that may not be asked for credentials: it needs https/,
      ],
      [
        { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: silent },
        undefined,
        /^No credentials were found/,
      ],
      [
        { AWS_ENDPOINT_URL_STS: expiredKeys },
        'role',
        /^The role of the profile role can't be assumed \(ExpiredToken, HTTP 403\); what it is assumed with has expired, and must be renewed\.$/,
      ],
      [
        { AWS_ENDPOINT_URL_STS: gone },
        'role',
        /^The credentials of the profile role can't be fetched \(ECONNREFUSED\)/,
      ],
      [
        { AWS_ACCESS_KEY_ID: 'AKIAHALF' },
        undefined,
        /^Of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set: give both\.$/,
      ],
    ]
  for (const [env, profile, sentence] of sentences) {
    await t.test(JSON.stringify(env), async (t) => {
      await alone(t, env)
      const source = defaultCredentials({ profile, patience, clock: systemClock })
      await t.rejects(source.get(), { failure: 'credentials', message: sentence })
    })
  }
})

t.test('an SSO session that the portal does not know any more has expired', async (t) => {
  const portal = await answering(t, (_request, response) => {
    response.writeHead(401, { 'content-type': 'application/json', 'x-amzn-errortype': 'UnauthorizedException' })
    response.end('{"message":"Session token not found or invalid"}')
  })
  const home = await alone(t, { AWS_ENDPOINT_URL_SSO: portal })
  const folder = join(home, '.aws/sso/cache')
  await mkdir(folder, { recursive: true })
  const token = { accessToken: 's3cr3t', expiresAt: new Date(Date.now() + 3_600_000).toISOString() }
  await writeFile(join(folder, `${createHash('sha1').update('corp').digest('hex')}.json`), JSON.stringify(token))
  const session = (handler?: NodeHttpHandler) =>
    defaultCredentials({ profile: 'session', patience, clock: systemClock, ...(handler && { handler }) })
  await t.rejects(session().get(), { message: /^The SSO session of the profile session has expired/ })
  const network = networkOf({ env: { HTTP_PROXY: 'http://user:s3cr3t@127.0.0.1:9' } })
  await t.rejects(session(requestHandler(network)).get(), {
    message:
      "The credentials of the profile session can't be fetched: the proxy http://127.0.0.1:9 (HTTP_PROXY) can’t be reached (ECONNREFUSED).",
  })
})

t.test(
  'credentials that expire are renewed before they do, and used to their end where nobody renews them',
  async (t) => {
    let given = 0
    let isWell = true
    const url = await answering(t, (_request, response) => {
      if (!isWell) return void response.writeHead(500).end()
      given += 1
      const keys = { AccessKeyId: `ASIA${given}`, SecretAccessKey: 'x', Token: 't' }
      response.end(JSON.stringify({ ...keys, Expiration: new Date(Date.now() + 120_000).toISOString() }))
    })
    await alone(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/keys` })
    const source = defaultCredentials({ profile: undefined, patience, clock: systemClock })
    t.match(await source.get(), { accessKeyId: 'ASIA1' })
    await until('new ones', async () => (await source.get()).accessKeyId !== 'ASIA1')
    isWell = false
    const last = await source.get()
    t.match(await source.get(), { sessionToken: 't' })
    t.ok((last.expiration?.getTime() ?? 0) > Date.now())
  },
)

t.test('a role that can’t be assumed for a while is waited out', async (t) => {
  let answer = { status: 403, code: 'InvalidClientTokenId' }
  const sts = createServer((_request, response) => {
    const { status, code } = answer
    response.writeHead(status, { 'content-type': 'text/xml' })
    const credentials =
      '<AccessKeyId>ASIANEW</AccessKeyId><SecretAccessKey>new</SecretAccessKey><SessionToken>t</SessionToken>' +
      `<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>`
    response.end(
      status === 200
        ? `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`
        : `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`,
    )
  }).listen(0, '127.0.0.1')
  await once(sts, 'listening')
  t.teardown(() => sts.close())
  await alone(t, { AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(sts.address() as AddressInfo).port}` })
  const source = defaultCredentials({ profile: 'role', patience, clock: systemClock })
  for (const refusal of [answer, { status: 400, code: 'Throttling' }]) {
    answer = refusal
    const sentence = new RegExp(
      `The role of the profile role can't be assumed \\(${refusal.code}, HTTP ${refusal.status}\\)`,
    )
    await until(refusal.code, async () =>
      source.get().then(
        () => t.fail('it was refused'),
        (error: unknown) =>
          error instanceof Error &&
          'failure' in error &&
          error.failure === 'credentials' &&
          sentence.test(error.message),
      ),
    )
  }
  answer = { status: 200, code: '' }
  const found = await until('the role', () => source.get().catch(() => undefined))
  t.equal(found.accessKeyId, 'ASIANEW')
})

t.test('a process that hangs is started once, holds nobody up, and is not waited for again', async (t) => {
  const home = await alone(t)
  const started = join(home, 'started')
  const go = join(home, 'go')
  const answer = '{"Version":1,"AccessKeyId":"AKIALATE","SecretAccessKey":"late"}'
  const script = `echo x >> ${started}; until [ -e ${go} ]; do sleep 0.1; done; echo '${answer}'`
  await writeFile(join(home, 'hang.sh'), script)
  await writeFile(join(home, 'config'), `[profile hanging]\ncredential_process = sh ${home}/hang.sh\n`)
  const source = defaultCredentials({ profile: 'hanging', patience: 500, clock: systemClock })
  const begun = performance.now()
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => source.get()))
  for (const it of outcomes)
    t.match(it, { status: 'rejected', reason: { failure: 'credentials', message: /do not come/ } })
  const later = performance.now()
  await t.rejects(source.get(), { message: /do not come/ })
  t.ok(performance.now() - later < 400, 'who comes late waits no more')
  t.ok(later - begun < 5_000)
  t.equal(await readFile(started, 'utf8'), 'x\n')
  await writeFile(go, '')
  t.match(await until('the process', () => source.get().catch(() => undefined)), { accessKeyId: 'AKIALATE' })
})

t.test('a server that never comes to an end is left, and asked anew', async (t) => {
  let isWell = false
  const server = createServer((_request, response) => {
    if (isWell) {
      const expiration = new Date(Date.now() + 3_600_000).toISOString()
      const keys = { AccessKeyId: 'ASIANEW', SecretAccessKey: 'new', Token: 't', Expiration: expiration }
      response.end(JSON.stringify(keys))
      return
    }
    const trickle = setInterval(() => response.write(' '), 50)
    response.on('close', () => clearInterval(trickle))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  await alone(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: url })
  const source = defaultCredentials({ profile: undefined, patience: 300, fetchWithin: 1_000, clock: systemClock })
  await t.rejects(source.get(), { failure: 'credentials', message: /do not come/ })
  isWell = true
  const found = await until('the keys', () => source.get().catch(() => undefined))
  t.equal(found.accessKeyId, 'ASIANEW')
})
