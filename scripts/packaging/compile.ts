/**
 * Puts beside each file of a package what V8 has compiled of it: `compile.js LIBRARY`, for `scripts/package`, by the package's own Node, as it is of use for
 * that one only. V8 compiles what is called when it is called: so a mount is begun first, and its start finds compiled what it needs.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Script } from 'node:vm'
import type { main } from '../../src/cli/main.js'
import type { Io } from '../../src/cli/io.js'
import { startS3Server } from '../../src/demo/s3/server.js'
import { inTime, late } from '../../src/patience.js'
import type { Milliseconds } from '../../src/units.js'
import { compiledSuffix, Loader } from './loader.js'

type Main = typeof main
type Ready = 'ready' | 'no mount'

const startWithin: Milliseconds = 20_000
const endWithin: Milliseconds = 20_000
const lookEvery: Milliseconds = 20
const keys = { accessKey: 'COMPILE', secretKey: 'secret' }

const [library = ''] = process.argv.slice(2)
const scripts = new Map<string, readonly [stamp: string, Script]>()
const loader = new Loader((file, stamp, script) => void scripts.set(file, [stamp, script]))

for (const folder of ['cli', 'parts']) {
  const path = join(library, 'dist/src', folder)
  for (const name of await readdir(path)) if (name.endsWith('.js')) loader.load(join(path, name))
}
// Compiled code is of use under the same flags only, and a daemon changes some of them.
const v8 = createRequire(import.meta.url)('node:v8') as { setFlagsFromString: (flags: string) => void }
v8.setFlagsFromString = () => undefined
const directory = await mkdtemp(join(tmpdir(), 'as2fs-compile-'))
try {
  await whileMounted(save)
} finally {
  await rm(directory, { recursive: true, force: true })
}
process.exit()

async function save(): Promise<void> {
  for (const [file, [stamp, script]] of scripts) {
    await writeFile(file + compiledSuffix, Buffer.concat([Buffer.from(stamp, 'latin1'), script.createCachedData()]))
  }
}

/** Where nothing can be mounted, what is called to find that out will do. */
async function whileMounted(work: () => Promise<void>): Promise<void> {
  const { main: run } = loader.load(join(library, 'dist/src/cli/main.js')) as { readonly main: Main }
  const server = await startS3Server({ ...keys, bucket: 'compile' })
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: keys.accessKey, AWS_SECRET_ACCESS_KEY: keys.secretKey })
  const mountpoint = join(directory, 'mnt')
  await mkdir(mountpoint)
  let complaint = ''
  const places = ['--endpoint', server.endpoint, '--state-dir', join(directory, 'state')]
  const mount = run(
    ['mount', 'compile', mountpoint, ...places, '--log-level', 'silent', '-f'],
    unseen((text) => (complaint += text)),
  )
  const ready = await Promise.race([mount.then((): Ready => 'no mount'), looked(run, mountpoint)])
  if (ready === 'no mount') process.stderr.write(`${complaint}Compiled without a mount: its start will take longer.\n`)
  await work()
  if (ready === 'ready') {
    process.kill(process.pid, 'SIGTERM')
    if ((await inTime(mount, endWithin)) === late) throw new Error(`${mountpoint} stays mounted`)
  }
  await server.close()
}

/** As a user does. */
async function looked(run: Main, mountpoint: string): Promise<Ready> {
  const began = performance.now()
  while ((await run(['status', mountpoint], unseen())) !== 0) {
    if (performance.now() - began > startWithin) throw new Error(`nothing answers at ${mountpoint}`)
    await pause(lookEvery)
  }
  await promisify(execFile)('ls', ['-l', mountpoint])
  return 'ready'
}

/** A command's, of which nothing is shown. @param heard is told what it has to complain of */
function unseen(heard: (text: string) => void = () => undefined): Io {
  const isNobody = { columns: undefined, isTerminal: false, isJournal: false }
  return {
    ...isNobody,
    out: () => undefined,
    err: heard,
    written: () => Promise.resolve(),
    whenUnread: () => undefined,
    env: process.env,
    cwd: directory,
    program: [process.execPath],
  }
}
