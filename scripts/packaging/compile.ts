/**
 * Puts beside each file of a package what V8 has compiled of it: `compile.js LIBRARY`, for `scripts/package`, by the package's own Node, as it is of use for
 * that one only. V8 compiles what is called when it is called: so a mount is begun and used first, and one that begins later finds compiled
 * what it needs to start, and for the first files that are listed, read and sent.
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
import { startS3Server, type S3Server } from '../../src/demo/s3/server.js'
import { inTime, late } from '../../src/patience.js'
import type { Milliseconds } from '../../src/units.js'
import { compiledSuffix, Loader } from './loader.js'

type Main = typeof main
type Ready = 'ready' | 'no mount'

const startWithin: Milliseconds = 20_000
const endWithin: Milliseconds = 20_000
const lookEvery: Milliseconds = 20
/** From the close of a file until it is in the bucket. */
const sentWithin: Milliseconds = 20_000
const pair = 'ACME/GLOBEX'
/** What they do. Arguments: mountpoint, folder of the partner, and a file to be made. */
const programs = `
ls -lR "$1" >/dev/null
cat "$2"/inbox/*/* >/dev/null
head -c 2000 /dev/zero >"$3"
cp "$3" "$2/send/"
mv "$3" "$2/send/order-2.edi"
rm "$2/send/order-2.edi"`
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
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  await rm(directory, { recursive: true, force: true })
}
// Whatever goes on yet.
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
  server.put(`AS2/files/${pair}/inbox/1/order.edi`, Buffer.alloc(2_000))
  server.put(`AS2/files/${pair}/inbox/2/large.edi`, Buffer.alloc(4_000_000))
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: keys.accessKey, AWS_SECRET_ACCESS_KEY: keys.secretKey })
  const mountpoint = join(directory, 'mnt')
  await mkdir(mountpoint)
  let complaint = ''
  const places = ['--endpoint', server.endpoint, '--state-dir', join(directory, 'state')]
  const mount = run(
    ['mount', 'compile', mountpoint, ...places, '--log-level', 'silent', '-f'],
    unseen((text) => (complaint += text)),
  )
  const ready = await Promise.race([mount.then((): Ready => 'no mount'), used(run, mountpoint, server)])
  if (ready === 'no mount') process.stderr.write(`${complaint}Compiled without a mount: its start will take longer.\n`)
  await work()
  if (ready === 'ready') {
    process.kill(process.pid, 'SIGTERM')
    if ((await inTime(mount, endWithin)) === late) throw new Error(`${mountpoint} stays mounted`)
  }
  await server.close()
}

/** As programs do. */
async function used(run: Main, mountpoint: string, server: S3Server): Promise<Ready> {
  const isUp = async (): Promise<boolean> => (await run(['status', mountpoint], unseen())) === 0
  await until(isUp, startWithin, `nothing answers at ${mountpoint}`)
  const partner = join(mountpoint, pair)
  await promisify(execFile)('sh', ['-ec', programs, 'sh', mountpoint, partner, join(directory, 'order-1.edi')])
  const isSent = async (): Promise<boolean> => server.get(`AS2/send/${pair}/order-1.edi`) !== undefined
  await until(isSent, sentWithin, 'what was copied into send/ does not come to the bucket')
  return 'ready'
}

async function until(isSo: () => Promise<boolean>, within: Milliseconds, otherwise: string): Promise<void> {
  const began = performance.now()
  while (!(await isSo())) {
    if (performance.now() - began > within) throw new Error(otherwise)
    await pause(lookEvery)
  }
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
