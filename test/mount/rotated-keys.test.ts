/** Keys that are rotated or refused while mounted: the mount is degraded, not dead, and heals by itself. */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { as2fs, credentials, prepare, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { inState } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const rotated = { accessKey: 'AKIAROTATED', secretKey: 'another-secret/+=' }
const inbox = 'AS2/files/ACME/GLOBEX/inbox/'

/** As people save a downloaded file: beside it, then over it. */
async function saveKeys(file: string, { accessKey, secretKey }: typeof rotated): Promise<void> {
  await writeFile(`${file}.new`, `Access key ID,Secret access key\n${accessKey},${secretKey}\n`)
  await rename(`${file}.new`, file)
}

async function problems(mounted: Mounted): Promise<string> {
  const { state, problems } = await mounted.status()
  return `${state}: ${problems.join(' ')}`
}

t.test('keys from a file', async (t) => {
  const objects = { [`${inbox}1/order.edi`]: 'ISA*00*' }
  const env = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
  const csv = join(t.testdir(), 'keys.csv')
  const mounted = await prepare(t, { objects, env, flags: ['--credentials-csv', csv, '--list-ttl', '300ms'] })
  await saveKeys(csv, credentials)
  await mounted.mount()
  const folder = mounted.path('ACME/GLOBEX/inbox')
  t.same(await readdir(folder), ['1'])

  await t.test('refused, the mount says so and serves what it knows', async (t) => {
    mounted.server.keys = rotated
    await until('the problem', async () => {
      await readdir(folder)
      return /^degraded: .*InvalidAccessKeyId/.test(await problems(mounted))
    })
    t.same(await readdir(folder), ['1'])
    const shown = await run(process.execPath, [as2fs, 'status', mounted.mountpoint])
    t.match(shown, { code: 0, stdout: /degraded\n {2}! .*InvalidAccessKeyId\): get new ones/ })
    t.notMatch(shown.stdout, credentials.secretKey)
  })

  await t.test('what is sent meanwhile waits, and is not failed', async (t) => {
    await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'UNB+UNOC')
    const row = await until('a try', async () => {
      const row = await inState(mounted, 'order.edi', 'queued')
      return row.error === undefined ? undefined : row
    })
    t.match(row.error, /InvalidAccessKeyId/)
    t.same(mounted.puts(), [])
  })

  await t.test('with new ones in the file it heals, without mounting again, and sends once', async (t) => {
    mounted.server.put(`${inbox}2/new.edi`, Buffer.from('new'))
    await saveKeys(csv, rotated)
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')).toString(), 'UNB+UNOC')
    await until('the new message', async () => (await readdir(folder)).includes('2'))
    t.equal(await readFile(join(folder, '2/new.edi'), 'utf8'), 'new')
    await until('no problem', async () => (await problems(mounted)) === 'ok: ')
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/order.edi'])
  })

  await t.test('a rotation that overlaps is not noticed at all', async (t) => {
    await saveKeys(csv, { accessKey: 'AKIATHIRD', secretKey: 'third' })
    mounted.server.keys = { accessKey: 'AKIATHIRD', secretKey: 'third' }
    await writeFile(mounted.path('ACME/GLOBEX/send/second.edi'), 'second')
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/second.edi')).toString(), 'second')
  })

  await t.test('the log says what was refused, and no secret', (t) => {
    t.match(mounted.log, /InvalidAccessKeyId/)
    for (const secret of [credentials.secretKey, rotated.secretKey]) t.notMatch(mounted.log, secret)
    t.end()
  })
})

t.test(
  'keys in a file that a variable names by a relative path are found by a mount in the background, too',
  async (t) => {
    const { accessKey, secretKey } = credentials
    const text = `[default]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`
    const cwd = t.testdir({ keys: text })
    const env = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_SHARED_CREDENTIALS_FILE: 'keys' }
    const mounted = await prepare(t, { env })
    const started = await run(process.execPath, [as2fs, 'mount', ...mounted.arguments()], {
      cwd,
      env: mounted.environment(),
    })
    t.match(started, { code: 0, stderr: '' })
    t.equal(await problems(mounted), 'ok: ')
    t.match(await run(process.execPath, [as2fs, 'umount', mounted.mountpoint]), { code: 0 })
  },
)

t.test('a view that the keys may not list is refused by itself, and named in the status', async (t) => {
  const objects = { [`${inbox}1/order.edi`]: 'ISA*00*', 'AS2/raw-message/ACME/GLOBEX/inbox/1/message.as2': 'raw' }
  const mounted = await prepare(t, { objects })
  mounted.server.intercept = (operation, _key, query) =>
    operation === 'ListObjectsV2' && query.get('prefix')?.startsWith('AS2/raw-message/') === true
      ? { status: 403, code: 'AccessDenied' }
      : undefined
  await mounted.mount()
  t.same(await readdir(mounted.path('ACME/GLOBEX/inbox')), ['1'])
  await t.rejects(readdir(mounted.path('ACME/GLOBEX/raw-message/inbox')), { code: 'EACCES' })
  await until('the view to be named', async () =>
    /^degraded: Could not list AS2\/raw-message.*AccessDenied/.test(await problems(mounted)),
  )
  t.same(await readdir(mounted.path('ACME/GLOBEX/inbox')), ['1'], 'others go on')
})
