/** Runs a model on as many sequences as there is time for; one that fails is shrunk, and told with its seed. */
import fc from 'fast-check'
import type { Test } from 'tap'

/** AS2FS_SECONDS asks for more, AS2FS_SEED for the same again. */
const seconds = Number(process.env.AS2FS_SECONDS ?? 20)
const { AS2FS_SEED: wanted } = process.env

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
