/** The daemon is killed: whoever is in its mount is told so at once, whatever it has left behind. */
import { access, chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { credentials, mount } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

t.test('a program that the daemon asks for its keys, and that outlives it, keeps no call waiting', async (t) => {
  const answer = JSON.stringify({
    Version: 1,
    AccessKeyId: credentials.accessKey,
    SecretAccessKey: credentials.secretKey,
    // Asked for again with each request.
    Expiration: new Date(Date.now() + 60_000).toISOString(),
  })
  const directory = t.testdir({
    config: '',
    'give-keys': `#!/bin/sh\ncd "$(dirname "$0")"\n[ -e sleep ] || exec cat answer\necho $$ > pid\nexec sleep 300\n`,
    answer,
  })
  const program = join(directory, 'give-keys')
  await chmod(program, 0o755)
  await writeFile(join(directory, 'config'), `[profile asked]\ncredential_process = ${program}\n`)
  const env = { AWS_CONFIG_FILE: join(directory, 'config'), AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
  const mounted = await mount(t, { env, flags: ['--profile', 'asked', '--list-ttl', '100ms'] })

  await writeFile(join(directory, 'sleep'), '')
  await until('the program to be asked', async () => {
    void stat(mounted.path('ACME/GLOBEX/inbox')).catch(() => undefined)
    return (await access(join(directory, 'pid')).catch(() => 'missing')) !== 'missing'
  })
  const pid = await until('its number', async () => Number(await readFile(join(directory, 'pid'), 'utf8')) || undefined)
  t.teardown(() => process.kill(pid, 'SIGKILL'))

  await mounted.kill('SIGKILL')
  const since = performance.now()
  await t.rejects(stat(mounted.mountpoint), { code: 'ENOTCONN' })
  t.ok(performance.now() - since < 5_000)
  t.doesNotThrow(() => process.kill(pid, 0), 'the program is running yet')
})
