/** A real mount for a test: the embedded S3 server here, the daemon in a child process, everything gone afterwards. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, mkdir, readFile, rm, appendFile, chmod, chown } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { startS3Server, type S3Server } from '../../src/demo/s3/server.js'
import type { QueueReport, StatusReport } from '../../src/control/reports.js'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'
import type { Clock } from '../../src/telemetry/clock.js'
import { run } from './run.js'
import { until } from './until.js'

/** The project's, or the program as packages have it, which `scripts/test` makes. */
export const as2fs = process.env.AS2FS_PROGRAM ?? fileURLToPath(new URL('../../../bin/as2fs', import.meta.url))
const bucket = 'mftg-test'
export const credentials = { accessKey: 'AKIATESTTESTTEST', secretKey: 'test-secret-of-the-tests' }

export interface MountOptions {
  /** Flags of `as2fs mount` beyond those that every test mount has. */
  readonly flags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Objects put before the mount: key below the bucket, content. */
  readonly objects?: Readonly<Record<string, string | Uint8Array>>
  /** The embedded S3 server's; the system's by default. */
  readonly clock?: Clock
  /** Another S3 server than the embedded one. */
  readonly endpoint?: string
  /** The mount reaches the embedded server through a proxy that a test may tell what to break. */
  readonly proxied?: boolean
  /** Another `bin/as2fs` than the project's. */
  readonly program?: string
  /** Another Node than the one that runs the test. */
  readonly node?: string
  /** Program and arguments that start the daemon's in turn, e.g. setpriv as another user. */
  readonly launcher?: readonly string[]
  /** Whose the mountpoint and the state directory are. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/** The daemon, its mount, and what a test may do to them. */
export class Mounted {
  readonly directory: string
  readonly server: S3Server
  readonly #options: MountOptions
  readonly #proxy: FaultProxy | undefined
  #child: ChildProcess | undefined
  #log = ''
  #isOver = false

  constructor(directory: string, server: S3Server, options: MountOptions, proxy?: FaultProxy) {
    this.directory = directory
    this.server = server
    this.#options = options
    this.#proxy = proxy
  }

  get mountpoint(): string {
    return join(this.directory, 'mnt')
  }
  get stateDirectory(): string {
    return join(this.directory, 'state')
  }
  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('not mounted')
    return pid
  }
  /** Of a mount that is `proxied`. */
  get proxy(): FaultProxy {
    if (!this.#proxy) throw new Error('not proxied')
    return this.#proxy
  }
  /** What the daemon wrote to stderr so far. */
  get log(): string {
    return this.#log
  }
  path(...segments: string[]): string {
    return join(this.mountpoint, ...segments)
  }

  /** Starts the daemon and waits until the mount answers. */
  async mount(flags: readonly string[] = []): Promise<void> {
    if (this.#isOver) throw new Error('cleaned up')
    const own = [
      this.#options.node ?? process.execPath,
      this.#options.program ?? as2fs,
      'mount',
      ...this.arguments(),
      '-f',
      ...flags,
    ]
    const [command = '', ...args] = [...(this.#options.launcher ?? []), ...own]
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: this.environment() })
    this.#child = child
    let exited: string | undefined
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
    child.on('exit', (code, signal) => (exited = `exit ${code ?? signal ?? '?'}`))
    await until('the mount', async () => {
      if (exited) throw new Error(`the daemon ended: ${exited}\n${this.#log}`)
      return (await isMounted(this.mountpoint)) && (await this.#answers())
    })
  }

  arguments(): string[] {
    const endpoint = this.#options.endpoint ?? (this.#proxy ?? this.server).endpoint
    return [
      ...[bucket, this.mountpoint, '--endpoint', endpoint, '--state-dir', this.stateDirectory],
      ...['--settle', '100ms', '--lost-answer', '0s', ...(this.#options.flags ?? [])],
    ]
  }

  environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      AWS_ACCESS_KEY_ID: credentials.accessKey,
      AWS_SECRET_ACCESS_KEY: credentials.secretKey,
      ...this.#options.env,
    }
  }

  async queue(): Promise<QueueReport> {
    return JSON.parse(await readFile(this.path('.as2fs/queue.json'), 'utf8')) as QueueReport
  }
  async status(): Promise<StatusReport> {
    return JSON.parse(await readFile(this.path('.as2fs/status.json'), 'utf8')) as StatusReport
  }

  /** Every PUT (or completed multipart upload) below AS2/send so far, by key. */
  puts(): string[] {
    return this.server.requests.list
      .filter((it) => it.operation === 'PutObject' || it.operation === 'CompleteMultipartUpload')
      .filter((it) => it.status === 200)
      .map((it) => it.key)
  }

  /** Waits until a key is in the bucket. @returns its bytes */
  async inBucket(key: string): Promise<Buffer> {
    return until(`${key} in the bucket`, () => {
      const bytes = this.server.get(key)
      return bytes === undefined ? undefined : Buffer.from(bytes)
    })
  }

  /** Ends the daemon with a signal and waits for its end. @returns its exit code, or the signal's name */
  async kill(signal: NodeJS.Signals): Promise<number | string> {
    const child = this.#child
    if (!child) throw new Error('not mounted')
    this.#child = undefined
    const ended = new Promise<number | string>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? child.signalCode ?? 'exit')
      else child.once('exit', (code, by) => resolve(code ?? by ?? 'exit'))
    })
    child.kill(signal)
    return ended
  }

  /** Waits for the daemon's own end. */
  async ended(): Promise<number | string> {
    const child = this.#child
    if (!child) throw new Error('not mounted')
    await until('the end of the daemon', () => child.exitCode !== null || child.signalCode !== null)
    this.#child = undefined
    return child.exitCode ?? child.signalCode ?? 'exit'
  }

  async cleanUp(): Promise<void> {
    this.#isOver = true
    if (this.#child) await this.kill('SIGTERM')
    if (await isMounted(this.mountpoint)) await run('umount', ['-l', this.mountpoint])
    await this.#proxy?.close()
    await this.server.close()
    if (await isMounted(this.mountpoint)) throw new Error(`${this.mountpoint} is still mounted: nothing deleted`)
    await until('the last daemon to have left its files', () => this.#removed())
  }

  /** @returns whether nobody made a file there meanwhile: a daemon of the background goes on when its mount is gone */
  async #removed(): Promise<boolean> {
    try {
      await rm(this.directory, { recursive: true, force: true })
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY') return false
      throw error
    }
  }

  async #answers(): Promise<boolean> {
    try {
      await this.status()
      return true
    } catch (error) {
      // Another user's mount lets nobody in.
      const isRefused = error instanceof Error && 'code' in error && error.code === 'EACCES'
      return isRefused && this.#log.includes('"msg":"mounted"')
    }
  }
}

export async function isMounted(path: string): Promise<boolean> {
  return (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${path} `)
}

/** A directory, a bucket and a daemon that is not started yet. */
export async function prepare(t: Test, options: MountOptions = {}): Promise<Mounted> {
  const mounted = await unmounted(options)
  t.teardown(async () => {
    if (!t.passing()) await appendFile('/dev/stderr', mounted.log.slice(-20_000)).catch(() => undefined)
    await mounted.cleanUp()
  })
  return mounted
}

/** The same without a test: whoever asks for it cleans it up. */
export async function unmounted(options: MountOptions): Promise<Mounted> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-test-'))
  await chmod(directory, 0o755)
  await mkdir(join(directory, 'mnt'))
  if (options.owner)
    for (const it of [directory, join(directory, 'mnt')]) await chown(it, options.owner.uid, options.owner.gid)
  const server = await startS3Server({ ...credentials, bucket, ...(options.clock && { clock: options.clock }) })
  for (const [key, content] of Object.entries(options.objects ?? {})) server.put(key, Buffer.from(content))
  const proxy = options.proxied === true ? await startFaultProxy(server.endpoint) : undefined
  return new Mounted(directory, server, options, proxy)
}

/** A mount that answers. */
export async function mount(t: Test, options: MountOptions = {}): Promise<Mounted> {
  const mounted = await prepare(t, options)
  await mounted.mount()
  return mounted
}
