/**
 * The hang hunt: whatever random programs do in a mount, and whatever becomes of its bucket, no process, `ps` included, is in
 * uninterruptible sleep for longer than a call may take, and what was closed arrives once. AS2FS_SEED repeats a run's programs
 * and weather (not their timing), AS2FS_SECONDS asks for more of it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { compiled } from '../helpers/compiled.js'
import { seededRandom } from '../helpers/faults.js'
import { hangHunt } from '../helpers/hang-hunt.js'
import { whole } from '../helpers/hunted-programs.js'
import { mount } from '../helpers/mounted.js'

const seed = Number(process.env.AS2FS_SEED ?? Date.now() % 1_000_000)
const seconds = Number(process.env.AS2FS_SECONDS ?? 30)
const opTimeout = 2_000
const most = opTimeout + 3_000

const objects = Object.fromEntries(
  Array.from({ length: 20 }, (_, n) => [
    [`AS2/files/ACME/GLOBEX/inbox/${n}/order.edi`, `order ${n}`],
    [`AS2/files/ACME/GLOBEX/inbox/${n}/large.edi`, 'large '.repeat(100_000)],
  ]).flat() as [string, string][],
)

t.test(`nobody hangs (AS2FS_SEED=${seed})`, { timeout: (seconds + 110) * 1_000 }, async (t) => {
  const source = await mkdtemp(join(tmpdir(), 'as2fs-source-'))
  t.teardown(() => rm(source, { recursive: true }))
  for (const name of ['file', 'other']) await writeFile(join(source, name), whole)
  const flags = [
    '--station',
    'ACME/GLOBEX',
    '--op-timeout',
    `${opTimeout}ms`,
    '--list-ttl',
    '500ms',
    '--stale-ttl',
    '2s',
  ]
  const mounted = await mount(t, { flags, objects, proxied: true })
  const [send, inbox] = [mounted.path('ACME/GLOBEX/send'), mounted.path('ACME/GLOBEX/inbox')]
  const places = { mountpoint: mounted.mountpoint, send, inbox, callers: await compiled(t, 'callers.c'), source }
  const { programs, sent, sleepers, problems } = await hangHunt({
    mounted,
    places,
    random: seededRandom(seed),
    seconds,
  })
  t.comment(`${programs} programs, ${sent} files sent; asleep ${Math.round(sleepers.longest)} ms at most`)
  t.same(problems, [])
  t.ok(
    sleepers.longest < most,
    `${sleepers.longestOf} was in uninterruptible sleep for ${Math.round(sleepers.longest)} ms`,
  )
  t.ok(sleepers.slowestPs < most, `ps took ${Math.round(sleepers.slowestPs)} ms at most`)
  t.ok(programs > seconds && sent > seconds / 4, `${programs} programs, ${sent} files`)
})
