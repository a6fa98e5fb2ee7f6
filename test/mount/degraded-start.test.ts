/** The first mount of a state directory must find its bucket; later ones are there without it, and heal by themselves. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Fault } from '../helpers/faults.js'
import { as2fs, isMounted, prepare, type MountOptions, type Mounted } from '../helpers/mounted.js'
import { run, type Outcome } from '../helpers/run.js'
import { inState } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const objects = { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' }

function inBackground(mounted: Mounted, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return run(process.execPath, [as2fs, 'mount', ...mounted.arguments()], { env: { ...mounted.environment(), ...env } })
}

/** One that was mounted before, and is no more. */
async function mountedBefore(t: Test, options: MountOptions): Promise<Mounted> {
  const mounted = await prepare(t, { objects, proxied: true, ...options })
  await mounted.mount()
  t.same(await readdir(mounted.path('ACME')), ['GLOBEX'])
  t.equal(await mounted.kill('SIGTERM'), 0)
  return mounted
}

const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>Sign in</body></html>' }
const answers: readonly (readonly [name: string, fault: Fault])[] = [
  ['a page of a proxy', { page }],
  ['nothing at all', { page: { status: 200, body: '' } }],
  ['503', { status: 503, code: 'ServiceUnavailable' }],
  ['unknown keys', { status: 403, code: 'InvalidAccessKeyId' }],
  ['no such bucket', { status: 404, code: 'NoSuchBucket' }],
]

// Each has a mount of its own, and mostly waits.
t.jobs = 3

t.test('the first mount must find its bucket', async (t) => {
  const mounted = await prepare(t, { objects, proxied: true })
  for (const [name, fault] of answers) {
    await t.test(`instead of ${name}`, async (t) => {
      mounted.proxy.add({ fault })
      const { code, stderr } = await inBackground(mounted)
      await mounted.proxy.heal()
      t.equal(code, 1)
      t.match(stderr, /^as2fs: [^\n]+\n$/)
      t.notOk(await isMounted(mounted.mountpoint))
    })
  }
  await t.test('and having failed often, it may succeed', async (t) => {
    await mounted.mount()
    t.same(await readdir(mounted.path('ACME/GLOBEX/inbox')), ['1'])
    t.equal(await mounted.kill('SIGTERM'), 0)
  })
})

t.test('in an outage a later mount is there, says why, takes what is sent, and heals', async (t) => {
  const mounted = await mountedBefore(t, {})
  await mounted.proxy.refuseConnections()
  const { code, stderr } = await inBackground(mounted)
  t.equal(code, 0)
  t.match(stderr, /^as2fs: Mounted, but: The bucket mftg-test can't be used: .*ECONNREFUSED.*\n$/)
  t.match(await mounted.status(), { state: 'degraded', problems: [/ECONNREFUSED/] })
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'UNB+UNOC')
  await inState(mounted, 'order.edi', 'queued')
  t.same(mounted.puts(), [])
  await mounted.proxy.heal()
  t.equal(String(await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')), 'UNB+UNOC')
  t.equal(await readFile(mounted.path('ACME/GLOBEX/inbox/1/order.edi'), 'utf8'), 'ISA*00*')
  await until('all well', async () => (await mounted.status()).state === 'ok')
  const { pid } = await mounted.status()
  process.kill(pid, 'SIGTERM')
  await until('the end', async () => !(await isMounted(mounted.mountpoint)))
  t.match(await readFile(join(mounted.stateDirectory, 'as2fs.log'), 'utf8'), /Mounted all the same/)
})

t.test('while the bucket hangs a later mount is there at once, and says so', async (t) => {
  const mounted = await mountedBefore(t, {})
  mounted.proxy.add({ fault: { stall: true } })
  const begun = performance.now()
  await mounted.mount()
  t.ok(performance.now() - begun < 12_000, 'it waits for no deadline')
  t.match(await mounted.status(), { state: 'degraded', problems: [/does not answer/] })
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'UNB+UNOC')
  await mounted.proxy.heal()
  mounted.proxy.resetConnections()
  await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')
})

t.test('with keys that are refused, or none, a later mount is there, and goes on with good ones', async (t) => {
  const csv = join(t.testdir(), 'keys.csv')
  const env = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
  const mounted = await prepare(t, { objects, env, flags: ['--credentials-csv', csv] })
  const save = (secret: string): Promise<void> =>
    writeFile(csv, `Access key ID,Secret access key\nAKIATESTTESTTEST,${secret}\n`, { mode: 0o600 })
  await save('test-secret-of-the-tests')
  await mounted.mount()
  await readdir(mounted.path('ACME'))
  await mounted.kill('SIGTERM')
  await save('another')
  await mounted.mount()
  t.match(await mounted.status(), { state: 'degraded', problems: [/secret key is wrong/] })
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'UNB+UNOC')
  await save('test-secret-of-the-tests')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')
  await mounted.kill('SIGTERM')
  await writeFile(csv, '')
  await mounted.mount()
  t.match(await mounted.status(), { state: 'degraded', problems: [/keys\.csv has no access key/] })
})
