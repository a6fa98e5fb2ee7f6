/** What yargs would read otherwise than a user means it. */
import t from 'tap'
import { mountCommand } from '../../src/cli/words/mount.js'
import { statusCommand } from '../../src/cli/words/status.js'
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

t.test('only a flag can be switched off with no-, and it takes no value then', async (t) => {
  t.same(readOnly('--no-read-only'), ['false'])
  t.same(readOnly('--read-only', '--no-read-only'), ['false'], 'the last counts')
  for (const text of ['yes', 'false', '']) {
    t.throws(() => readOnly(`--no-read-only=${text}`), {
      message: '--no-read-only takes no value: write --read-only=true or --read-only=false.',
    })
  }
  t.throws(() => readOnly('--', '--no-read-only'), { message: /^'--no-read-only' is one word too many/ })
  for (const { name, kind } of mountCommand.options) {
    const words = ['mount', 'bkt', '/m', `--no-${name}`]
    if (kind === 'flag') t.doesNotThrow(() => parseCommandLine(words, [mountCommand]), name)
    else
      t.throws(
        () => parseCommandLine(words, [mountCommand]),
        { message: new RegExp(`^There is no option --no-${name}\\.`) },
        name,
      )
  }
})

t.test('flags before the command are its own', async (t) => {
  for (const flag of ['--read-only', '--no-read-only', '-f', '--read-only=no']) {
    t.equal(parseCommandLine([flag, 'mount', 'bkt', '/m'], [mountCommand, statusCommand]).kind, 'run', flag)
  }
})
