/**
 * The daemon is killed again and again while files are written and uploaded over a bad network. What close(2) or rename(2)
 * accepted is in the bucket exactly once, byte for byte, and nothing else is. AS2FS_SEED repeats a run's choices.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { CrashRun, crashFlags } from '../helpers/crash-run.js'
import { prepare } from '../helpers/mounted.js'

const seed = Number(process.env.AS2FS_SEED ?? Date.now() % 1_000_000)
const fewest = 8
const most = 20
const fewestFiles = 20

t.test(`nothing lost, nothing twice, nothing half, whenever it is killed (AS2FS_SEED=${seed})`, async (t) => {
  const audit = join(t.testdir(), 'audit')
  const mounted = await prepare(t, { proxied: true, flags: [...crashFlags, '--audit-log', audit] })
  const run = new CrashRun(mounted, seed)
  // A busy machine writes few in a round.
  const isEnough = () => run.killedInUpload >= 3 && run.counts.promised > fewestFiles
  while (run.rounds < fewest || (!isEnough() && run.rounds < most)) await run.round()
  await run.finish(60_000)
  const { promised, unsure } = run.counts
  t.comment(`${run.rounds} rounds, ${run.killedInUpload} killed within an upload, ${promised} files, ${unsure} unsure`)
  t.ok(run.killedInUpload >= 1, 'killed in the middle of an upload')
  t.ok(promised > fewestFiles, 'files were written')
  t.same(run.problems(), [])

  await t.test('the audit trail has every object of the bucket, and no other', async (t) => {
    const entries = (await readFile(audit, 'utf8')).split('\n').flatMap(parse)
    const submitted = entries.filter((it) => it.event === 'submitted')
    const told = new Map(submitted.map((it) => [it.key, it]))
    t.same([...told.keys()].sort(), run.puts.map((it) => it.key).sort())
    for (const { key, size } of run.puts) t.equal(told.get(key)?.size, size, key)
    t.equal(new Set(submitted.map((it) => it.id)).size, run.puts.length, 'one file each')
    const closed = new Set(entries.filter((it) => it.event === 'queued').map((it) => it.id))
    t.ok(
      submitted.every((it) => closed.has(it.id)),
      'each was closed before',
    )
  })
})

interface Entry {
  readonly event: string
  readonly id: string
  readonly key: string
  readonly size: number
}

/** A line that a crash has torn comes again, whole. */
function parse(line: string): Entry[] {
  try {
    return [JSON.parse(line) as Entry]
  } catch {
    return []
  }
}
