/** Which stations and partners are shown, and whether a partner has a `failed/`. */
import type { Calls } from './read-calls.js'
import type { Expectations } from './read-expectations.js'
import type { BucketState } from './read-history.js'
import { roots } from './read-views.js'
import type { ReadWorld } from './read-world.js'

export async function lookAtPartners(world: ReadWorld, expected: Expectations, calls: Calls): Promise<void> {
  /** @param asks of which prefixes the answer is made */
  const check = async (
    folder: string,
    name: string,
    isIn: (state: BucketState) => boolean,
    asks: readonly string[] = [],
  ): Promise<void> => {
    const asked = world.clock.monotonic()
    const listing = calls.outcome(async (signal) =>
      [...(await world.fs.readdir(folder, signal))].map((entry) => entry.name),
    )
    const outcome = await calls.played(`readdir of ${folder}`, listing)
    if (!outcome) return
    const { value, code } = outcome
    if (value) {
      if (!expected.mayHave(isIn, value.includes(name), asked, asks))
        calls.problem(`${folder} shows ${value.includes(name) ? '' : 'no '}${name}`)
    } else if (!expected.mayFail(asks, asked, code)) calls.problem(`${folder}: ${code}`)
  }
  const hasIn = (rest: string) => (state: BucketState) => roots.some((root) => state.hasBelow(root + rest))
  const stations = roots.map((it) => `${it}A/`)
  await check('/', '.as2fs', () => true)
  await check('/', 'A', () => true)
  await check('/', '%2E%2E', hasIn('../'), roots)
  await check('/A', 'B', () => true)
  await check('/A', 'C', hasIn('A/C/'), stations)
  const files = 'AS2/files/A/B/'
  await check('/A/B', 'failed', (state) => state.hasBelow(`${files}failed/`), [files])
  await check('/A/B', 'send', () => true)
  await check('/A/B/mdn', 'incoming', () => true)
}
