/** `scripts/soak`: crash runs, one after the other, until the time is over or one has a problem. */
import { parseArgs } from 'node:util'
import { CrashRun, crashFlags } from '../../test/helpers/crash-run.js'
import { unmounted } from '../../test/helpers/mounted.js'

const usage = 'Usage: scripts/soak [--minutes N] [--seed N]\n'
const roundsOfARun = 20
/** Of the last mount of a run: pauses between tries grow to five minutes, but end with the first success. */
const patience = 120_000

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } },
})
const minutes = Number(values.minutes ?? 10)
if (values.help === true || !(minutes > 0)) {
  process.stdout.write(usage)
  process.exit(values.help === true ? 0 : 1)
}
const end = Date.now() + minutes * 60_000
for (let seed = Number(values.seed ?? Date.now() % 1_000_000); Date.now() < end; seed += 1) {
  if (await hasProblems(seed)) process.exit(1)
}

async function hasProblems(seed: number): Promise<boolean> {
  const mounted = await unmounted({ proxied: true, flags: [...crashFlags] })
  const run = new CrashRun(mounted, seed)
  try {
    while (run.rounds < roundsOfARun && Date.now() < end) await run.round()
    await run.finish(patience)
    const problems = run.problems()
    const { promised, unsure } = run.counts
    const outcome = problems.length === 0 ? 'well' : problems.join('\n  ')
    const killed = `${run.killedInUpload} of ${run.rounds} kills within an upload`
    process.stdout.write(`seed ${seed}: ${promised} files, ${unsure} unsure, ${killed}: ${outcome}\n`)
    return problems.length > 0
  } finally {
    await mounted.cleanUp()
  }
}
