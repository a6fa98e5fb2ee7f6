/**
 * Runs tests by tap, several files at a time, on the program as packages have it:
 * `node dist/scripts/testing/main.js [--coverage] [dist/test/….js …]`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { version } from '../../src/version.js'
import { bundle } from '../packaging/bundle.js'
import { allTests, slowestFirst } from './files.js'

const project = fileURLToPath(new URL('../../../', import.meta.url))

/** What the tests mount is the program that packages have: it starts in half the time. */
async function makeProgram(target: string): Promise<string> {
  await bundle({ project, target, version })
  for (const part of ['bin', 'native/build']) await cp(join(project, part), join(target, part), { recursive: true })
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

const { values, positionals } = parseArgs({ options: { coverage: { type: 'boolean' } }, allowPositionals: true })
const files = positionals.length > 0 ? positionals : slowestFirst(await allTests(project))
const args = [`--jobs=${jobs}`, `--reporter=${reporter}`, ...files]
if (values.coverage === true) {
  process.exitCode = await tap(args, process.env)
} else {
  const folder = await mkdtemp(join(tmpdir(), 'as2fs-program-'))
  try {
    const env = { ...process.env, AS2FS_PROGRAM: await makeProgram(folder) }
    process.exitCode = await tap(['--disable-coverage', plainChildren, ...args], env)
  } finally {
    await rm(folder, { recursive: true })
  }
}
