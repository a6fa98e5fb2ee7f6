/** The question that is asked before a mount, and what its answers mean. */
import { silentLogger } from '../../src/telemetry/log.js'
import t from 'tap'
import { checkBucket } from '../../src/s3/check-bucket.js'
import { csvCredentials } from '../../src/s3/credentials.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import { StoreError } from '../../src/s3/store-error.js'
import type { Prefix } from '../../src/units.js'
import { accessDenied, MemoryStore } from '../helpers/memory-store.js'

const root = 'AS2/' as Prefix
const where = { bucket: 'mftg', endpoint: undefined, endpointFrom: undefined }
const sdk = { bucket: 'mftg', region: 'us-east-1', pathStyle: true, patience: 2_000 }
const log = silentLogger()

function failing(before: StoreError): MemoryStore {
  const store = new MemoryStore()
  store.intercept = () => ({ before })
  return store
}

t.test('one page is asked for, which tells what is there', async (t) => {
  const store = new MemoryStore()
  t.same(await checkBucket(store, where, root, log), { problem: undefined, folders: [] })
  t.same(store.calls, [{ operation: 'list', key: root }])
})

t.test('keys that may not list it all may mount: what they may not is shown as such where it is', async (t) => {
  t.equal((await checkBucket(failing(accessDenied()), where, root, log)).problem, undefined)
})

t.test('what is wrong is one sentence for the user', async (t) => {
  const absent = new StoreError('ENOENT', 'permanent', 'NoSuchBucket', 'Could not list AS2/: there is none.', {
    reason: 'there is no such bucket (NoSuchBucket)',
  })
  t.equal(
    (await checkBucket(failing(absent), where, root, log)).problem,
    "The bucket mftg can't be used: there is no such bucket (NoSuchBucket); check its name, and that AWS is where it is (--endpoint).",
  )
})

t.test('a server that can’t be reached is named', async (t) => {
  const endpoint = 'http://127.0.0.1:9'
  const credentials = { get: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), refused: () => undefined }
  const store = createSdkStore({ ...sdk, endpoint, credentials })
  t.teardown(() => store.close())
  t.match(
    (await checkBucket(store, { ...where, endpoint }, root, log)).problem,
    /S3 can't be reached \(ECONNREFUSED\); it is looked for at http:\/\/127\.0\.0\.1:9 \(--endpoint\)\.$/,
  )
})

t.test('a credentials file that is missing is all there is to say', async (t) => {
  const credentials = csvCredentials('/nonexistent/keys.csv')
  const endpoint = 'http://127.0.0.1:9'
  const store = createSdkStore({ ...sdk, endpoint, credentials })
  t.teardown(() => store.close())
  t.equal(
    (await checkBucket(store, { ...where, endpoint }, root, log)).problem,
    "The credentials file /nonexistent/keys.csv can't be read (ENOENT).",
  )
})
