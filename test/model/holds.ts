/** Runs a model on as many sequences as there is time for; one that fails is shrunk, and told with its seed. */
import fc from 'fast-check'
import type { Test } from 'tap'

/**
 * The suite tries the same sequences each time: what fails there was changed since. AS2FS_SECONDS asks for more of them, and for new ones;
 * AS2FS_SEED for those of a run that failed.
 */
const { AS2FS_SECONDS: asked, AS2FS_SEED: wanted = asked === undefined ? '1' : undefined } = process.env
const seconds = Number(asked ?? 20)

/** Of a test that runs one. */
export const timeout = 1_000 * (seconds * 4 + 120)

/**
 * @param run what went wrong with it, one sentence each
 * @param perSecond so many sequences take a second on a machine that has nothing else to do
 */
export async function holds<S>(
  t: Test,
  of: fc.Arbitrary<S>,
  run: (scenario: S) => Promise<readonly string[]>,
  perSecond: number,
): Promise<void> {
  const property = fc.asyncProperty(of, async (scenario) => {
    const problems = await run(scenario)
    if (problems.length > 0) throw new Error(problems.slice(0, 10).join('\n'))
  })
  const time = { interruptAfterTimeLimit: 2_000 * seconds, markInterruptAsFailure: false }
  const { numRuns, seed, counterexample, errorInstance } = await fc.check(property, {
    numRuns: Math.ceil(seconds * perSecond),
    ...time,
    ...(wanted !== undefined && { seed: Number(wanted) }),
  })
  if (counterexample) t.fail(`${String(errorInstance)}\nseed ${seed}, shrunk to ${JSON.stringify(counterexample[0])}`)
  else t.pass(`${numRuns} sequences, from seed ${seed}`)
}
