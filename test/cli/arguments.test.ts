/** What yargs would read otherwise than a user means it. */
import t from 'tap'
import { mountCommand } from '../../src/cli/words/mount.js'
import { parseCommandLine } from '../../src/cli/arguments.js'

function readOnly(...words: string[]): readonly string[] | undefined {
  const line = parseCommandLine(['mount', 'bkt', '/m', ...words], [mountCommand])
  if (line.kind !== 'run') throw new Error(line.kind)
  return line.typed.options.get('read-only')
}

t.test('a flag with a value is what the value says, in all words that a configuration file may have', async (t) => {
  for (const text of ['true', 'yes', 'on', '1', 'YES']) t.same(readOnly(`--read-only=${text}`), ['true'], text)
  for (const text of ['false', 'no', 'off', '0']) t.same(readOnly(`--read-only=${text}`), ['false'], text)
  t.same(readOnly('--read-only'), ['true'])
  t.same(readOnly(), undefined)
  t.throws(() => readOnly('--read-only=maybe'), { message: "--read-only: 'maybe' is neither true nor false." })
})
