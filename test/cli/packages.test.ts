/** A command loads what it needs itself: `--help` must not wait for what a daemon is made of. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { run } from '../helpers/run.js'

const dependencies: Readonly<Record<string, string>> = manifest.dependencies
const program = fileURLToPath(new URL('../../../bin/as2fs', import.meta.url))

interface Loaded {
  /** Of those that we depend on, not what they bring with them. */
  readonly packages: readonly string[]
  /** Below `src/`, without `.js`. */
  readonly own: readonly string[]
}

/** V8 tells of every script that a process has seen. @see NODE_V8_COVERAGE in Node's documentation */
async function loadedBy(t: Test, args: readonly string[], code: number): Promise<Loaded> {
  const folder = t.testdir({ empty: {}, told: {} })
  const told = join(folder, 'told')
  // tap has every Node that it sees load something of its own.
  const outcome = await run('env', ['-u', 'NODE_OPTIONS', process.execPath, program, ...args], {
    cwd: join(folder, 'empty'),
    env: { ...process.env, NODE_V8_COVERAGE: told, XDG_STATE_HOME: join(folder, 'empty') },
  })
  t.equal(outcome.code, code, outcome.stderr)
  const scripts = await Promise.all((await readdir(told)).map(async (name) => scriptsIn(join(told, name))))
  return sorted(scripts.flat())
}

async function scriptsIn(file: string): Promise<string[]> {
  const { result } = JSON.parse(await readFile(file, 'utf8')) as {
    readonly result: readonly { readonly url: string }[]
  }
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'))
}

function sorted(urls: readonly string[]): Loaded {
  const packages = urls
    .map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1])
    .filter((name) => name !== undefined && name in dependencies)
  const own = urls.map((url) => /.*\/dist\/src\/(.*)\.js$/.exec(url)?.[1])
  const named = (all: readonly (string | undefined)[]) => [...new Set(all.filter((it) => it !== undefined))].sort()
  return { packages: named(packages), own: named(own) }
}

const rooms = (own: readonly string[]): string[] => [...new Set(own.map((it) => it.split('/')[0] ?? ''))]

t.test('help and version load the command line, and nothing that a command does', async (t) => {
  for (const args of [['--version'], ['--help'], ['mount', '--help']]) {
    const { packages, own } = await loadedBy(t, args, 0)
    t.same(packages, ['yargs'], args.join(' '))
    t.same(
      own.filter((it) => it.startsWith('cli/commands/')),
      [],
      args.join(' '),
    )
    t.notMatch(rooms(own).join(' '), /daemon|fuse|send|state/, args.join(' '))
  }
})

t.test('a command that asks a daemon loads no package but the parser', async (t) => {
  const questions: readonly (readonly [args: string[], code: number])[] = [
    [['status', '/'], 1],
    [['queue', '/'], 1],
    [['info', '/etc/passwd'], 1],
    [['umount', '/'], 1],
  ]
  for (const [args, code] of questions) {
    const { packages, own } = await loadedBy(t, args, code)
    t.same(packages, ['yargs'], args.join(' '))
    t.ok(own.includes(`cli/commands/${args[0] ?? ''}`), `${args.join(' ')} was run`)
    t.notMatch(rooms(own).join(' '), /daemon|listing|data|s3/, args.join(' '))
  }
})

t.test('who starts a daemon in the background leaves the log and the SDK to it', async (t) => {
  const { packages, own } = await loadedBy(t, ['mount', 'bucket', '/proc/none', '--state-dir', '/proc/none/state'], 1)
  t.same(packages, ['yargs'])
  t.ok(own.includes('cli/daemonise'))
  t.notMatch(rooms(own).join(' '), /daemon|listing|data/)
  t.notOk(own.includes('telemetry/log'))
})
