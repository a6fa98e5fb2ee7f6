/** The model of reading against the real tree, on a bucket in memory and a played clock. AS2FS_SECONDS asks for more. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { senderWorld } from '../helpers/sender-world.js'
import { longScenarios, scenarios, type Scenario } from './read-actions.js'
import { run } from './read-model.js'

const seconds = Number(process.env.AS2FS_SECONDS ?? 20)
const { sender } = await senderWorld(t)

/** @param perSecond so many sequences take a second on a machine that has nothing else to do */
async function holds(t: Test, of: fc.Arbitrary<Scenario>, perSecond: number): Promise<void> {
  const property = fc.asyncProperty(of, async (scenario) => {
    const problems = await run(scenario, sender)
    if (problems.length > 0) throw new Error(problems.join('\n'))
  })
  const time = { interruptAfterTimeLimit: 2_000 * seconds, markInterruptAsFailure: false }
  const { numRuns, seed, counterexample, errorInstance } = await fc.check(property, {
    numRuns: Math.ceil(seconds * perSecond),
    ...time,
  })
  if (counterexample) t.fail(`${String(errorInstance)}\nseed ${seed}, shrunk to ${JSON.stringify(counterexample[0])}`)
  else t.pass(`${numRuns} sequences, from seed ${seed}`)
}
const timeout = 1_000 * (seconds * 4 + 120)

t.test('whatever others do to the bucket, and whatever becomes of it, what is shown was so', { timeout }, async (t) => {
  await holds(t, scenarios(50), 20)
})

t.test('and so in a view of more than a page', { timeout }, async (t) => {
  await holds(t, longScenarios(30), 1.5)
})
