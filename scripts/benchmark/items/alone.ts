/** Yardsticks without any mount: the least that a client has to spend, and what the server can give. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programCommand, succeeded, type Surroundings } from '../bench.js'
import { linkNames, type Link, type LinkName } from '../link.js'
import { run, runTimed } from '../processes.js'
import type { Figure, Measured, Row } from '../results.js'
import { inboxOf, messagePath, messageSize, partners } from '../server/fill.js'
import { bucketName, bucketOf, messagesIn } from '../server/worlds.js'
import type { Sizes } from '../sizes.js'
import { near, nearAndFar } from '../item.js'
import { count } from './messages.js'
import { size } from './reading.js'

export const aloneName = 'alone'

interface Yardstick {
  readonly links: readonly LinkName[]
  /** No aim needs it. */
  readonly isExtra?: boolean
  readonly row: (sizes: Sizes) => Row
  readonly take: (around: Surroundings, link: Link) => Promise<Measured>
}

type Way = 'lean' | 'sdk'

const atATime = { large: 8, small: 16 }
const block = 4 * 1024 * 1024

const yardsticks: readonly Yardstick[] = [
  {
    links: linkNames,
    row: ({ big }) => ({ id: 'curl-big', words: `curl: ${size(big)}, ${atATime.large} ranges at a time` }),
    take: curlOfRanges,
  },
  {
    links: linkNames,
    row: ({ big }) => ({ id: 'client-big', words: `as2fs's client: ${size(big)}, ${atATime.large} ranges at a time` }),
    take: (around, link) => large(around, link, 'lean'),
  },
  {
    links: linkNames,
    isExtra: true,
    row: ({ big }) => ({ id: 'sdk-big', words: `the SDK: ${size(big)}, ${atATime.large} ranges at a time` }),
    take: (around, link) => large(around, link, 'sdk'),
  },
  {
    links: linkNames,
    row: () => ({ id: 'client-small', words: `as2fs's client: one GET of 2 KiB, ${atATime.small} at a time` }),
    take: (around, link) => small(around, link, 'lean'),
  },
  {
    links: linkNames,
    isExtra: true,
    row: () => ({ id: 'sdk-small', words: `the SDK: one GET of 2 KiB, ${atATime.small} at a time` }),
    take: (around, link) => small(around, link, 'sdk'),
  },
  {
    links: nearAndFar,
    isExtra: true,
    row: ({ many }) => ({ id: 'list-keys', words: `node:http: ${count(many)} keys listed` }),
    take: async (around, link) =>
      inSeconds(await program(around, 'list-keys', around.server.endpointOf(link), inboxOf('MANY'))),
  },
  {
    links: near,
    row: ({ mass }) => ({ id: 'index', words: `as2fs's index of ${count(messagesIn(mass))} messages, of each` }),
    take: index,
  },
]

/** All that there is on a link, once. */
export async function alone(around: Surroundings, link: Link): Promise<Figure[]> {
  const figures: Figure[] = []
  const { scale, sizes } = around.options
  for (const { links, isExtra = false, row, take } of yardsticks) {
    const isWanted = links.includes(link.name) && !(scale === 'quick' && isExtra)
    if (isWanted) figures.push({ row: row(sizes), ...(await take(around, link)) })
  }
  return figures
}

async function large(around: Surroundings, link: Link, way: Way): Promise<Measured> {
  const { big } = around.options.sizes
  const key = inboxOf('BIG') + messagePath(0, partners(around.options.sizes).BIG)
  const spent = await program(around, 'client-get', ...server(around, link), way, key, String(big))
  return { ...inSeconds(spent), bytes: big }
}

async function small(around: Surroundings, link: Link, way: Way): Promise<Measured> {
  const { sizes } = around.options
  // What the delay is, is known: a tenth will do.
  const gets = link.delay > 0 ? sizes.gets / 10 : sizes.gets
  const key = inboxOf('MESSAGES') + messagePath(0, partners(sizes).MESSAGES)
  const args = [...server(around, link), way, key, String(messageSize), String(gets)]
  const { time, cpu } = await program(around, 'client-get', ...args)
  return { unit: 'milliseconds', value: time / gets, cpu: cpu / gets }
}

async function curlOfRanges(around: Surroundings, link: Link): Promise<Measured> {
  const { big, limit } = around.options.sizes
  const [endpoint, certificate] = server(around, link)
  const key = inboxOf('BIG') + messagePath(0, partners(around.options.sizes).BIG)
  const shared = ['silent', 'fail', `url = "${endpoint}/${bucketName}/${key}"`, 'output = "/dev/null"']
  if (certificate !== '') shared.push(`cacert = "${certificate}"`)
  const ranges = Array.from({ length: Math.ceil(big / block) }, (_, n) => `${n * block}-${(n + 1) * block - 1}`)
  const config = join(around.workspace.directory('curl'), 'ranges')
  writeFileSync(config, ranges.map((range) => [...shared, `range = ${range}`].join('\n')).join('\nnext\n'))
  const command = ['curl', '--parallel', '--parallel-max', String(atATime.large), '--config', config]
  const spent = await runTimed(command, { limit: limit * 2, signal: around.signal })
  return { ...inSeconds(spent), bytes: big }
}

async function index(around: Surroundings, link: Link): Promise<Measured> {
  const { mass, limit } = around.options.sizes
  await around.server.make(mass)
  try {
    const args = [around.server.endpointOf(link), bucketOf(mass), String(messagesIn(mass))]
    const [node = '', ...rest] = programCommand('index-memory', ...args)
    const outcome = await run([node, '--expose-gc', ...rest], { limit: limit * 2, signal: around.signal })
    return { unit: 'bytes', value: Number(succeeded(outcome).stdout) }
  } finally {
    await around.server.unmake(mass)
  }
}

interface Spent {
  readonly time: number
  readonly cpu: number
}

/** Runs one of the programs that print milliseconds, and those of CPU time. */
async function program({ options, signal }: Surroundings, name: string, ...args: readonly string[]): Promise<Spent> {
  const outcome = await run(programCommand(name, ...args), { limit: options.sizes.limit * 2, signal })
  const [time = NaN, cpu = NaN] = succeeded(outcome).stdout.split(' ').map(Number)
  if (!(time > 0) || !(cpu > 0)) throw new Error(`${name}: ${outcome.stdout}${outcome.stderr}`)
  return { time, cpu }
}

function inSeconds({ time, cpu }: Spent): Measured {
  return { unit: 'seconds', value: time / 1000, cpu }
}

/** Its endpoint, and what to trust. */
function server(around: Surroundings, link: Link): readonly [string, string] {
  return [around.server.endpointOf(link), link.isSecure ? around.server.certificate : '']
}
