/** `scripts/marks-and-receipts`: what a `new/` from which much was taken, and what thousands of receipts cost. */
import { parseArgs } from 'node:util'
import { table } from '../figures/table.js'
import { BenchServer } from '../server/client.js'
import { Workspace, usualPlace } from '../workspace.js'
import { measureKnown } from './known.js'
import { measureMarks } from './marks.js'
import { Measuring, type Line } from './measuring.js'
import { measureReading } from './reading.js'

type Part = (measuring: Measuring) => Promise<readonly Line[]>

const parts: Readonly<Record<string, Part>> = {
  marks: measureMarks,
  'reading-8': (it) => measureReading(it, 8),
  'reading-16': (it) => measureReading(it, 16),
  known: measureKnown,
}

const options = { only: { type: 'string' }, place: { type: 'string', default: usualPlace } } as const
const { values } = parseArgs({ options })
const wanted = values.only?.split(',') ?? Object.keys(parts)
const unknown = wanted.find((it) => parts[it] === undefined)
if (unknown !== undefined) throw new Error(`there is no ${unknown}; there are ${Object.keys(parts).join(', ')}`)

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)))
const workspace = new Workspace(values.place)
const server = new BenchServer()
try {
  await server.start(workspace.root, stop.signal)
  const measuring = new Measuring(server, workspace, stop.signal)
  for (const name of wanted) {
    process.stderr.write(`${name}\n`)
    const lines = (await parts[name]?.(measuring)) ?? []
    process.stdout.write(`${table([name, 'measured', 'at most'], lines)}\n\n`)
  }
} finally {
  await server.close()
  await workspace.close()
}
