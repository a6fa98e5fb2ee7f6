/** `scripts/journal`: what stands in the journal of a state directory, one line for each change of each file. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { JournalLines } from './journal-lines.js'

const [path] = process.argv.slice(2)
if (path === undefined || path.startsWith('-')) {
  process.stderr.write('Usage: scripts/journal STATE_DIRECTORY|FILE\n')
  process.exit(path === '--help' ? 0 : 1)
}
try {
  const file = statSync(path).isDirectory() ? join(path, 'spool', 'journal') : path
  const lines = new JournalLines()
  for (const line of lines.of(readFileSync(file, 'utf8'))) process.stdout.write(`${line}\n`)
  process.exitCode = lines.damaged === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`scripts/journal: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
