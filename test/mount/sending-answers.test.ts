/** Answers to uploads that are not what they seem: neither a yes nor a no is taken from anybody but S3, and each is checked. */
import { writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { mount, type Mounted } from '../helpers/mounted.js'
import type { Fault } from '../helpers/faults.js'
import { inState } from '../helpers/send-state.js'

const mebibyte = 1024 * 1024
const flags = ['--station', 'ACME/GLOBEX', '--multipart-threshold', '5MiB']

/** Sends a file whose first upload is answered so. */
async function sendsOnce(t: Test, mounted: Mounted, name: string, operation: string, fault: Fault): Promise<void> {
  const key = `AS2/send/ACME/GLOBEX/${name}`
  const content = Buffer.alloc(operation === 'PutObject' ? 100 : 5 * mebibyte + 1, name)
  mounted.proxy.add({ operation, key, times: 1, fault })
  await writeFile(mounted.path('ACME/GLOBEX/send', name), content)
  await inState(mounted, name, 'submitted')
  t.ok(mounted.server.get(key)?.equals(content), 'it is in the bucket, whole')
  t.equal(mounted.puts().filter((it) => it === key).length, 1, 'once')
}

t.test('an upload is done when S3 says so, not when somebody answers with an ETag and an empty page', async (t) => {
  const mounted = await mount(t, { proxied: true, flags })
  for (const etag of ['"d41d8cd98f00b204e9800998ecf8427e"', 'W/"65f0-1a2b"', '<html>']) {
    for (const carriedOut of [false, true]) {
      const name = `${carriedOut ? 'stored' : 'lost'}-${etag.replaceAll(/\W/g, '')}.edi`
      await t.test(`${etag}, ${carriedOut ? 'and it was stored' : 'and it was not'}`, (t) =>
        sendsOnce(t, mounted, name, 'PutObject', { page: { status: 200, headers: { etag } }, carriedOut }),
      )
    }
  }
  await t.test('of a part', (t) =>
    sendsOnce(t, mounted, 'part.edi', 'UploadPart', { page: { status: 200, headers: { etag: '"abc"' } } }),
  )
})

t.test('what was stored is not told as failed, whatever S3 refused when a proxy tried it once more', async (t) => {
  const mounted = await mount(t, { proxied: true, flags })
  const refusals = [
    [403, 'AccessDenied'],
    [405, 'MethodNotAllowed'],
    [301, 'PermanentRedirect'],
  ] as const
  for (const [status, code] of refusals) {
    for (const operation of ['PutObject', 'CompleteMultipartUpload']) {
      await t.test(`${code} to ${operation}`, (t) =>
        sendsOnce(t, mounted, `${code}-${operation}.edi`, operation, { status, code, carriedOut: true }),
      )
    }
  }
  await t.test('what was refused and is not there has failed', async (t) => {
    mounted.proxy.add({ operation: 'PutObject', fault: { status: 403, code: 'AccessDenied' } })
    await writeFile(mounted.path('ACME/GLOBEX/send/refused.edi'), 'refused')
    t.match(await inState(mounted, 'refused.edi', 'failed'), { error: /AccessDenied/ })
  })
})
