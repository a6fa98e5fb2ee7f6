/** Somebody removes the lock under a daemon, and another mounts: what waits is sent by that one, once. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { as2fs, isMounted, mount } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

t.test('the first sends and accepts nothing any more, and says so; the second sends each file once', async (t) => {
  const first = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--drain', '100ms'] })
  first.server.intercept = (operation) => (operation === 'PutObject' ? { status: 503, code: 'SlowDown' } : undefined)
  const names = Array.from({ length: 10 }, (_, i) => `${i}.edi`)
  for (const name of names) await writeFile(first.path('ACME/GLOBEX/send', name), name)

  await rm(join(first.stateDirectory, 'lock'))
  const other = join(first.directory, 'other')
  await mkdir(other)
  const args = first.arguments().map((it) => (it === first.mountpoint ? other : it))
  const second = spawn(process.execPath, [as2fs, 'mount', ...args, '-f'], { stdio: 'ignore', env: first.environment() })
  t.teardown(async () => {
    if (second.exitCode === null && second.kill('SIGTERM')) await once(second, 'exit')
    if (await isMounted(other)) await run('umount', ['-l', other])
  })
  await until('the second mount', () => isMounted(other))
  await until('the problem', async () =>
    (await first.status()).problems.some((it) => it.includes("is not this daemon's any more")),
  )
  await t.rejects(writeFile(first.path('ACME/GLOBEX/send/late.edi'), 'late'), { code: 'EIO' })

  first.server.intercept = undefined
  for (const name of names) await first.inBucket(`AS2/send/ACME/GLOBEX/${name}`)
  await writeFile(join(other, 'ACME/GLOBEX/send/last.edi'), 'last')
  await first.inBucket('AS2/send/ACME/GLOBEX/last.edi')
  t.same(
    first.puts().sort(),
    [...names, 'last.edi'].map((it) => `AS2/send/ACME/GLOBEX/${it}`),
  )
})
