/** Which server of AWS's is asked: by region, by kind of endpoint, by what the bucket is called. No name is looked up. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { networkOf } from '../../src/s3/network.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import { SharedLookup } from '../../src/s3/shared-lookup.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { Prefix } from '../../src/units.js'

const config = `
[default]
endpoint_url = http://not-ours:9000
[profile fips]
use_fips_endpoint = true
`

interface Asked {
  readonly bucket?: string
  readonly region?: string
  readonly endpoint?: string
  readonly pathStyle?: boolean
  readonly profile?: string
}

/** @returns the name of the host that a LIST is sent to */
async function hostOf(t: Test, { bucket = 'mftg', region = 'eu-central-1', ...asked }: Asked = {}): Promise<string> {
  const names: string[] = []
  const lookup = new SharedLookup(systemClock, async (name) => {
    names.push(name)
    throw Object.assign(new Error('nobody is asked'), { code: 'ENOTFOUND', hostname: name })
  })
  const store = createSdkStore({
    ...{ bucket, region, endpoint: asked.endpoint, pathStyle: asked.pathStyle ?? false, profile: asked.profile },
    credentials: { get: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), refused: () => undefined },
    network: networkOf({ env: {}, names: lookup }),
    patience: 20_000,
  })
  t.teardown(() => store.close())
  const request = { prefix: 'AS2/' as Prefix, failsFast: true }
  await t.rejects(store.list(request, new AbortController().signal), {
    failure: 'transient',
    message: /can’t be looked up/,
  })
  return names.join(' ')
}

function withEnvironment(t: Test, env: Readonly<Record<string, string>>): void {
  const before = { ...process.env }
  Object.assign(process.env, { AWS_CONFIG_FILE: join(t.testdir({ config }), 'config') }, env)
  t.teardown(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) Reflect.deleteProperty(process.env, name)
    Object.assign(process.env, before)
  })
}

t.test('without anything it is the region’s, whatever a profile says that was not asked', async (t) => {
  withEnvironment(t, {})
  t.equal(await hostOf(t), 'mftg.s3.eu-central-1.amazonaws.com')
  t.equal(await hostOf(t, { region: 'cn-north-1' }), 'mftg.s3.cn-north-1.amazonaws.com.cn')
  t.equal(await hostOf(t, { pathStyle: true }), 's3.eu-central-1.amazonaws.com')
})

t.test('of the kind that a variable or the profile asks for', async (t) => {
  withEnvironment(t, { AWS_USE_DUALSTACK_ENDPOINT: 'true' })
  t.equal(await hostOf(t), 'mftg.s3.dualstack.eu-central-1.amazonaws.com')
  process.env.AWS_USE_FIPS_ENDPOINT = 'true'
  t.equal(await hostOf(t, { region: 'us-gov-west-1' }), 'mftg.s3-fips.dualstack.us-gov-west-1.amazonaws.com')
  process.env.AWS_USE_DUALSTACK_ENDPOINT = 'false'
  t.equal(await hostOf(t, { region: 'us-east-1' }), 'mftg.s3-fips.us-east-1.amazonaws.com')
  delete process.env.AWS_USE_FIPS_ENDPOINT
  t.equal(await hostOf(t, { region: 'us-east-1', profile: 'fips' }), 'mftg.s3-fips.us-east-1.amazonaws.com')
})

t.test('a bucket whose name has dots is in the path: no certificate is for such a host', async (t) => {
  withEnvironment(t, {})
  t.equal(await hostOf(t, { bucket: 'as2.example.com' }), 's3.eu-central-1.amazonaws.com')
})

t.test('an access point has a host of its own, by its ARN in the ARN’s region, and by its alias', async (t) => {
  withEnvironment(t, {})
  const arn = 'arn:aws:s3:eu-west-1:123456789012:accesspoint/as2'
  t.equal(await hostOf(t, { bucket: arn }), 'as2-123456789012.s3-accesspoint.eu-west-1.amazonaws.com')
  const alias = 'as2-rk1sdtwvbyahcm3xwgs4dgkqh9mueuse1a-s3alias'
  t.equal(await hostOf(t, { bucket: alias }), `${alias}.s3.eu-central-1.amazonaws.com`)
})

t.test('a VPC’s endpoint is named whole', async (t) => {
  withEnvironment(t, {})
  const vpce = 'vpce-0e25b8cdd720f900e-argc85vg.s3.us-east-1.vpce.amazonaws.com'
  t.equal(await hostOf(t, { endpoint: `https://bucket.${vpce}`, pathStyle: true }), `bucket.${vpce}`)
  t.equal(await hostOf(t, { endpoint: `https://bucket.${vpce}` }), `mftg.bucket.${vpce}`)
  const arn = 'arn:aws:s3:us-east-1:123456789012:accesspoint/as2'
  t.equal(
    await hostOf(t, { bucket: arn, endpoint: `https://accesspoint.${vpce}` }),
    `as2-123456789012.accesspoint.${vpce}`,
  )
})
