/** Each mistake on the command line is one sentence and exit code 1. */
import t from 'tap'
import { main } from '../../src/cli/main.js'
import { TextIo } from '../helpers/text-io.js'

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = new TextIo()
  const code = await main(args, io)
  return { code, stdout: io.stdout, stderr: io.stderr }
}

const mistakes: readonly (readonly [args: string, sentence: string])[] = [
  ['moutn bkt /m', "There is no command 'moutn'. Did you mean 'mount'? See as2fs --help."],
  ['mount bkt', 'Something is missing; the usage is: as2fs mount <bucket> <mountpoint> [options]'],
  ['mount bkt /m x', "'x' is one word too many; the usage is: as2fs mount <bucket> <mountpoint> [options]"],
  ['mount bkt /m --list-tll 5s', 'There is no option --list-tll. Did you mean --list-ttl? See as2fs mount --help.'],
  ['mount bkt /m --no-such', 'There is no option --no-such. See as2fs mount --help.'],
  ['mount bkt /m --no-help', 'There is no option --no-help. See as2fs mount --help.'],
  ['mount bkt /m --no-json', 'There is no option --no-json. See as2fs mount --help.'],
  ['mount bkt /m --no-hold', 'There is no option --no-hold. See as2fs mount --help.'],
  ['mount bkt /m -z', 'There is no option -z. See as2fs mount --help.'],
  ['mount bkt /m --list-ttl', 'The option --list-ttl needs a value.'],
  ['mount bkt /m --endpoint --region x', 'The option --endpoint needs a value.'],
  ['mount bkt /m --list-ttl 5', "--list-ttl: '5' is not a duration; write 250ms, 5s, 10m or 1h."],
  ['mount bkt /m --cache-size lots', "--cache-size: 'lots' is not a size; write 512k, 1MB, 256MiB or 10GiB."],
  ['mount bkt /m --uploads 0', "--uploads: '0' is not a whole number from 1 to 64."],
  ['mount bkt /m --read-only=maybe', "--read-only: 'maybe' is neither true nor false."],
  ['mount bkt /m -o roo=1', 'There is no option -o roo.'],
  ['mount bkt /m -o no_such', 'There is no option -o no_such.'],
  ['mount bkt /m -o no_read_only', 'There is no option -o no_read_only: write -o read-only=false.'],
  ['umount /', '/ is not a mount of as2fs: see as2fs status.'],
  ['umount / --drain soon', "--drain: 'soon' is not a duration; write 250ms, 5s, 10m or 1h."],
  ['status /', '/ is not a mount of as2fs: see as2fs status.'],
  ['queue / rety x', "'rety' is none of retry, cancel, release. Did you mean retry?"],
  ['queue / retry', 'retry which file? Give its NAME.'],
  ['info /etc/passwd', '/etc/passwd is not in a mount of as2fs: see as2fs status.'],
  ['--no-such', 'There is no option --no-such.'],
  ['--no-json', 'There is no option --no-json.'],
  ['-f', 'There is no option -f.'],
  ['--nothing', 'There is no option --nothing.'],
]

for (const [args, sentence] of mistakes) {
  t.test(`as2fs ${args}`, async (t) => {
    t.same(await run(...args.split(' ')), { code: 1, stdout: '', stderr: `as2fs: ${sentence}\n` })
  })
}

t.test('help and version need nothing else', async (t) => {
  for (const args of [[], ['--help'], ['-h'], ['help']]) {
    const { code, stdout, stderr } = await run(...args)
    t.same({ code, stderr }, { code: 0, stderr: '' })
    t.match(stdout, /^Usage: as2fs <command>/)
  }
  t.match((await run('mount', '--help')).stdout, /^Usage: as2fs mount <bucket> <mountpoint>/)
  t.match((await run('help', 'queue')).stdout, /^Usage: as2fs queue/)
  t.match((await run('--version')).stdout, /^as2fs \d+\.\d+\.\d+/)
})

t.test('help fits a terminal of 80 columns', async (t) => {
  const texts = await Promise.all(['mount', 'umount', 'status', 'queue', 'info', 'demo'].map((it) => run('help', it)))
  const lines = texts.flatMap(({ stdout }) => stdout.split('\n'))
  t.same(
    lines.filter((line) => line.length > 80),
    [],
  )
})

t.test('a limit that keeps a command from going on is told as such, and who can raise it', async (t) => {
  const sentences = { EMFILE: /ulimit -n/, ENFILE: /fs\.file-max/, EFBIG: /ulimit -f/ }
  for (const [code, sentence] of Object.entries(sentences)) {
    const io = new TextIo()
    io.out = () => {
      throw Object.assign(new Error(`${code}: open '/x'`), { code })
    }
    t.equal(await main(['--version'], io), 1)
    t.match(io.stderr, sentence)
    t.notMatch(io.stderr, /Something went wrong|\/x/)
  }
})
