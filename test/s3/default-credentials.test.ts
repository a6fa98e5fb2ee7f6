/** The SDK's chain in the hands of as2fs: what goes wrong is one true sentence without a secret, waited out, and bounded. */
import { createServer } from 'node:http'
import { systemClock } from '../../src/telemetry/clock.js'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
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
