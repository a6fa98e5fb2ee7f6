/**
 * Runs tests by tap, several files at a time, on the program as packages have it:
 * `node dist/scripts/testing/main.js [--coverage] [dist/test/….js …]`.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { version } from '../../src/version.js'
import { bundle } from '../packaging/bundle.js'
import { allTests, slowestFirst } from './files.js'

const project = fileURLToPath(new URL('../../../', import.meta.url))

/** Of an assertion that failed: what was expected, what was found, and where. */
const linesOfFailure = 24

/** What the tests mount is the program that packages have, compiled code and all: it starts in less than half of the time. */
async function makeProgram(target: string): Promise<string> {
  await bundle({ project, target, version })
  for (const part of ['bin', 'native/build']) await cp(join(project, part), join(target, part), { recursive: true })
  await promisify(execFile)(process.execPath, [join(project, 'dist/scripts/packaging/compile.js'), target])
  // Other users' daemons are of it, too.
  await chmod(target, 0o755)
  return join(target, 'bin/as2fs')
}

/** @returns tap's exit code */
async function tap(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(join(project, 'node_modules/.bin/tap'), args, { cwd: project, env, stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

/** Most of a test on a mount is waiting, so twice as many run as there are cores. */
const jobs = 2 * availableParallelism()
/** Live on a terminal; elsewhere just what failed, and why. */
const reporter = process.stdout.isTTY ? 'base' : 'min'
/** tap's hooks make of a daemon's start, and of each command, twice the time: they are for coverage. */
const plainChildren = `--node-arg=--import=${new URL('plain-children.js', import.meta.url).href}`
const withoutHooks = `--import=${new URL('without-hooks.js', import.meta.url).href}`

/** The last lines are what is seen of a long run: what failed, and in which files. @param output TAP */
async function tellOfFailures(output: string): Promise<void> {
  const failed: string[] = []
  // Of a file what comes before its own result.
  let of: string[] = []
  for (const line of (await readFile(output, 'utf8')).split('\n')) {
    const [, result, name] = /^(ok|not ok) \d+ - (\S+)/.exec(line) ?? []
    if (result === 'not ok') failed.push(...assertionsIn(of), `FAILED ${name ?? ''}`)
    if (result === undefined) of.push(line)
    else of = []
  }
  process.stderr.write(`\n${failed.join('\n')}\n`)
}

/** @returns the lines of those that failed, without those of the tests that failed by them */
function assertionsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line, at) => {
    const isOne = /^\s+not ok /.test(line) && !line.includes('# time=')
    return isOne ? lines.slice(at, at + linesOfFailure) : []
  })
}

const { values, positionals } = parseArgs({ options: { coverage: { type: 'boolean' } }, allowPositionals: true })
const files = positionals.length > 0 ? positionals : slowestFirst(await allTests(project))
const folder = await mkdtemp(join(tmpdir(), 'as2fs-program-'))
const output = join(folder, 'output.tap')
const args = [`--jobs=${jobs}`, `--reporter=${reporter}`, `--output-file=${output}`, ...files]
try {
  if (values.coverage === true) {
    process.exitCode = await tap(args, process.env)
  } else {
    const env = { ...process.env, AS2FS_PROGRAM: await makeProgram(folder), NODE_OPTIONS: withoutHooks }
    process.exitCode = await tap(['--disable-coverage', plainChildren, ...args], env)
  }
  if (process.exitCode !== 0) await tellOfFailures(output)
} finally {
  await rm(folder, { recursive: true })
}
