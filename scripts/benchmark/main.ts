/** `scripts/bench`: compares as2fs with other mounts, on one S3 server in this machine. */
import { contendersOf } from './contenders.js'
import { putInto } from './figures/document.js'
import { markdown } from './figures/report.js'
import { load, save, type Report } from './figures/saved.js'
import { summaries } from './figures/summaries.js'
import { machine } from './machine.js'
import { parseOptions, usage, type Options } from './options.js'
import { itemNames, runAll } from './runner.js'
import { judged, rowsOfBefore } from './verdict/verdict.js'
import { screen } from './verdict/screen.js'

/** An aim was missed, or something is slower than it was. */
const notGood = 3

const stop = new AbortController()
const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const
for (const [name, number] of Object.entries(signals)) {
  process.on(name, () => {
    process.stderr.write('Stopping, and taking everything away …\n')
    process.exitCode = 128 + number
    stop.abort(new Error(`stopped by ${name}`))
  })
}

try {
  const options = parseOptions(process.argv.slice(2), itemNames)
  if (options) await bench(options)
  else process.stdout.write(`${usage.replace('NAMES_OF_ITEMS', itemNames.join(', '))}\n`)
} catch (error) {
  process.stderr.write(`scripts/bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode ??= 1
}

async function bench(options: Options): Promise<void> {
  const { from, compare, document, scale } = options
  // What is wrong with it is to be known before an hour of measuring.
  const before = compare === undefined ? undefined : load(compare)
  const report = from === undefined ? await measured(options) : load(from)
  if (options.save !== undefined) save(options.save, report)
  const tables = markdown(report)
  if (document !== undefined) putInto(document, tables)
  if (scale !== 'quick') process.stdout.write(`${tables}\n`)
  const verdict = judged(report, before?.rows ?? rowsOfBefore(report.rows))
  process.stdout.write(`${screen(report, verdict, beforeOf(options, before))}\n`)
  if (before && !isSameMachine(before, report)) process.stdout.write(`${compare ?? ''} is of another machine.\n`)
  if (!verdict.isGood) process.exitCode = notGood
}

async function measured(options: Options): Promise<Report> {
  const where = await machine(options, stop.signal)
  const when = new Date().toISOString()
  const results = await runAll(options, (line) => void process.stderr.write(`${line}\n`), stop.signal)
  const contenders = contendersOf(options.lineup).map((it) => it.name)
  return { when, machine: where, scale: options.scale, runs: options.runs, contenders, rows: summaries(results) }
}

function beforeOf({ lineup }: Options, before: Report | undefined): string | undefined {
  return before ? `as2fs ${before.machine.versions.as2fs ?? ''} of ${before.when}` : lineup.before
}

function isSameMachine(a: Report, b: Report): boolean {
  return a.machine.cpu === b.machine.cpu && a.machine.kernel === b.machine.kernel
}
