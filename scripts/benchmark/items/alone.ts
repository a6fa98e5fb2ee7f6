/** Yardsticks without any mount: what the server can give, and what the SDK gets of it. */
import type { Milliseconds } from '../../../src/units.js'
import { programCommand } from '../item.js'
import type { Sizes } from '../options.js'
import { run } from '../processes.js'
import type { Figure } from '../results.js'
import type { BenchServer } from '../server/client.js'
import { inboxOf, messagePath, partners } from '../server/fill.js'
import { count } from './messages.js'
import { size } from './reading.js'

export const aloneName = 'alone'

export async function alone(server: BenchServer, sizes: Sizes, signal: AbortSignal): Promise<Figure[]> {
  const { BIG, MESSAGES } = partners(sizes)
  const big = inboxOf('BIG') + messagePath(0, BIG)
  const small = inboxOf('MESSAGES') + messagePath(0, MESSAGES)
  const many = inboxOf('MANY')
  const take = async (work: string, bytes: number | undefined, ...args: readonly string[]): Promise<Figure> => {
    const { stdout, stderr } = await run(programCommand(...(args as [string])), { limit: sizes.limit * 2, signal })
    const time: Milliseconds = Number(stdout)
    if (!(time > 0)) throw new Error(`${work}: ${stderr}`)
    return { work, unit: 'seconds', value: time / 1000, ...(bytes === undefined ? {} : { bytes }) }
  }
  const range = '4 ranges of 4 MiB at a time'
  const { endpoint } = server
  return [
    await take(`SDK: ${size(sizes.big)}, ${range}`, sizes.big, 'sdk-read', endpoint, big, String(sizes.big)),
    await take(
      `server: ${size(sizes.big)}, ${range}`,
      sizes.big,
      'server-speed',
      endpoint,
      'big',
      big,
      String(sizes.big),
    ),
    await take(
      'server: 1,000 GETs of 2 KiB, 16 at a time',
      undefined,
      'server-speed',
      endpoint,
      'small',
      small,
      '1000',
    ),
    await take(`server: ${count(sizes.many)} keys listed`, undefined, 'server-speed', endpoint, 'list', many, '0'),
  ]
}
