/** `scripts/bench`: compares as2fs with other mounts, on one S3 server in this machine. */
import { writeFileSync } from 'node:fs'
import { machine } from './machine.js'
import { parseOptions, usage, type Options } from './options.js'
import { markdown } from './report.js'
import { itemNames, runAll } from './runner.js'

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
  const where = await machine(stop.signal)
  const say = (line: string): void => void process.stderr.write(`${line}\n`)
  const results = await runAll(options, say, stop.signal)
  const text = markdown(results, where, options)
  if (options.markdown !== undefined) writeFileSync(options.markdown, text)
  process.stdout.write(options.json ? `${JSON.stringify({ machine: where, results }, undefined, 2)}\n` : text)
}
