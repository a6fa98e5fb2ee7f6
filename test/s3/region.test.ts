/** The region: as it was given, else as the bucket's own answer names it, and gone on with. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { BucketRegion, givenRegion } from '../../src/s3/region.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import type { Store } from '../../src/s3/store.js'
import type { Key, Prefix } from '../../src/units.js'

const home = 'eu-central-1'
const bytes = Buffer.from('UNB+UNOC')
const page =
  '<ListBucketResult><Name>b</Name><Prefix>AS2/</Prefix><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>'
const error = (code: string, more = ''): string => `<?xml version="1.0"?><Error><Code>${code}</Code>${more}</Error>`

type Refusal = (response: ServerResponse) => void
const refusals: Readonly<Record<string, Refusal>> = {
  'a redirect whose header names it': (response) => {
    response.writeHead(301, { 'x-amz-bucket-region': home, 'x-amz-request-id': '1', 'content-type': 'application/xml' })
    response.end(error('PermanentRedirect'))
  },
  'a redirect whose body names the endpoint': (response) => {
    response.writeHead(301, { 'content-type': 'application/xml' })
    response.end(error('PermanentRedirect', `<Endpoint>b.s3.${home}.amazonaws.com</Endpoint>`))
  },
  AuthorizationHeaderMalformed: (response) => {
    response.writeHead(400, { 'content-type': 'application/xml' })
    response.end(error('AuthorizationHeaderMalformed', `<Region>${home}</Region>`))
  },
}

interface Asked {
  readonly method: string
  readonly region: string
}

/** A bucket in one region. */
async function bucketIn(t: Test, refuse: Refusal): Promise<{ readonly endpoint: string; readonly asked: Asked[] }> {
  const asked: Asked[] = []
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const region = /Credential=[^/]+\/\d+\/([^/]+)\/s3/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    asked.push({ method: request.method ?? '', region })
    request.resume().on('end', () => {
      if (region !== home) refuse(response)
      else if (request.method === 'PUT') response.writeHead(200, { etag: '"e"', 'x-amz-request-id': '2' }).end()
      else response.writeHead(200, { 'content-type': 'application/xml', 'x-amz-request-id': '3' }).end(page)
    })
  }
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function storeFor(t: Test, endpoint: string, region: BucketRegion): Store {
  const credentials = { get: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), refused: () => undefined }
  const store = createSdkStore({ bucket: 'b', endpoint, region, pathStyle: true, credentials, patience: 5_000 })
  t.teardown(() => store.close())
  return store
}

const { signal } = new AbortController()
const put = (store: Store): Promise<unknown> =>
  store.put({ key: 'AS2/send/a' as Key, size: bytes.length, body: () => Readable.from([bytes]) }, signal)

for (const [what, refuse] of Object.entries(refusals)) {
  t.test(`${what} is gone on with`, async (t) => {
    const { endpoint, asked } = await bucketIn(t, refuse)
    const said: string[] = []
    const log = {
      info: (_: unknown, it?: string) => void said.push(String(it)),
      warn: (it: unknown) => void said.push(String(it)),
    }
    const region = new BucketRegion(undefined, log as never)
    const store = storeFor(t, endpoint, region)
    const list = (): Promise<unknown> => store.list({ prefix: 'AS2/' as Prefix }, signal)
    await t.resolves(list())
    t.equal(region.current, home)
    await list()
    await put(store)
    t.same(
      asked.map((it) => it.region),
      ['us-east-1', home, home, home],
      'the wrong one is asked once',
    )
    t.same(said, ['The bucket has named its region.'])
  })
}

t.test('one that was given and is wrong is said in a sentence, and the right one is gone on with', async (t) => {
  const { endpoint } = await bucketIn(t, (response) => refusals.AuthorizationHeaderMalformed?.(response))
  const said: string[] = []
  const log = { info: () => undefined, warn: (it: unknown) => void said.push(String(it)) }
  const region = new BucketRegion({ region: 'us-west-2', from: '--region' }, log as never)
  await storeFor(t, endpoint, region).list({ prefix: 'AS2/' as Prefix }, signal)
  t.same(said, [
    'The bucket is in the region eu-central-1, and not in us-west-2 (--region): going on with eu-central-1.',
  ])
})

t.test('a file that is on its way to the wrong region is not failed: the next try goes to the right one', async (t) => {
  const { endpoint } = await bucketIn(t, (response) => refusals.AuthorizationHeaderMalformed?.(response))
  const log = { info: () => undefined, warn: () => undefined }
  const store = storeFor(t, endpoint, new BucketRegion(undefined, log as never))
  await t.rejects(put(store), { failure: 'credentials', message: /region/ })
  await t.resolves(put(store))
})

t.test('it is given by the option, the variables or the profile, in this order', async (t) => {
  const files = t.testdir({ config: '[default]\nregion = eu-north-1\n[profile other]\nregion = eu-south-1\n' })
  const own = { AWS_CONFIG_FILE: join(files, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(files, 'none') }
  const env = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' }
  t.match(await givenRegion('eu-west-3', undefined, env), { region: 'eu-west-3', from: '--region' })
  t.match(await givenRegion(undefined, undefined, env), { region: 'eu-west-1', from: 'AWS_REGION' })
  t.match(await givenRegion(undefined, undefined, { AWS_DEFAULT_REGION: 'eu-west-2' }), { region: 'eu-west-2' })
  t.match(await givenRegion(undefined, undefined, own), { region: 'eu-north-1', from: 'the profile default' })
  t.match(await givenRegion(undefined, 'other', own), { region: 'eu-south-1' })
  t.match(await givenRegion(undefined, undefined, { ...own, AWS_PROFILE: 'other' }), { region: 'eu-south-1' })
  t.equal(await givenRegion(undefined, 'none', own), undefined)
})
