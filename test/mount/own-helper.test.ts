/** A program of the user's that the daemon waits for, and that waits for the mount: the call fails in time, and it goes on. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { credentials, prepare } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

/** The SDK renews what expires within five minutes: at each request here. */
const helper = (mountpoint: string, marker: string) => `
if [ -e ${marker} ]; then echo x >> ${marker}; ls ${mountpoint}/ACME/GLOBEX/inbox >/dev/null 2>&1; fi
printf '{"Version":1,"AccessKeyId":"${credentials.accessKey}","SecretAccessKey":"${credentials.secretKey}","Expiration":"%s"}' \\
  "$(date -u -d '+4 minutes' +%Y-%m-%dT%H:%M:%SZ)"
`

t.test('keys from a process that reads the mount', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-helper-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const [config, script, marker] = ['config', 'helper.sh', 'marker'].map((it) => join(directory, it)) as [
    string,
    string,
    string,
  ]
  await writeFile(config, `[profile helper]\ncredential_process = /bin/sh ${script}\n`)
  const mounted = await prepare(t, {
    flags: ['--profile', 'helper', '--op-timeout', '2s', '--list-ttl', '1ms', '--stale-ttl', '1ms'],
    env: { AWS_CONFIG_FILE: config },
    objects: { 'AS2/files/ACME/GLOBEX/inbox/7200/order.edi': 'order' },
  })
  await writeFile(script, helper(mounted.mountpoint, marker))
  await mounted.mount()
  const inbox = mounted.path('ACME/GLOBEX/inbox')
  t.same(await readdir(inbox), ['7200'])
  await writeFile(marker, '')
  const began = performance.now()
  const calls = Array.from({ length: 6 }, () => readdir(inbox).catch((error: unknown) => error))
  await mounted.status()
  t.ok(performance.now() - began < 2_000, 'what needs no keys is answered at once')
  await Promise.all(calls)
  t.ok(performance.now() - began < 10_000, 'the others in time')
  await until('the program to read the mount', async () => {
    await readdir(inbox).catch(() => undefined)
    return (await readFile(marker)).length > 0
  })
  await rm(marker)
  t.same(await until('it to go on', () => readdir(inbox).catch(() => undefined)), ['7200'])
})
