/** One mount of one contender, from its start to the moment nothing of it is left. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bytes, Milliseconds } from '../../src/units.js'
import type { Contender } from './contenders.js'
import { ended, environment, killGroup, run } from './processes.js'
import type { BenchServer } from './server/client.js'
import { bucketName } from './server/worlds.js'
import { isMounted, type Workspace } from './workspace.js'

const startLimit: Milliseconds = 30_000
/** What a daemon may take to end by itself before it is killed. */
const endLimit: Milliseconds = 20_000

interface How {
  readonly flags?: readonly string[] | undefined
  readonly bucket?: string | undefined
}

export class Mount {
  readonly contender: Contender
  readonly mountpoint: string
  readonly #directory: string
  readonly #child: ChildProcess
  readonly #workspace: Workspace
  #errors = ''

  private constructor(
    contender: Contender,
    server: BenchServer,
    workspace: Workspace,
    { flags = [], bucket = bucketName }: How,
  ) {
    this.contender = contender
    this.#workspace = workspace
    this.#directory = workspace.directory(contender.name)
    this.mountpoint = join(this.#directory, 'mnt')
    mkdirSync(this.mountpoint)
    const temporary = join(this.#directory, 'tmp')
    mkdirSync(temporary)
    const { mountpoint } = this
    const { endpoint } = server
    const secret = (name: string, content: string): string => workspace.secret(name, content)
    const [program = '', ...args] = contender.command({ endpoint, bucket, mountpoint, directory: temporary, secret })
    const env = environment({ HOME: workspace.root, TMPDIR: temporary, ...contender.environment })
    this.#child = spawn(program, [...args, ...flags], { stdio: ['ignore', 'ignore', 'pipe'], env, detached: true })
    this.#child.on('error', (error) => (this.#errors += error.message))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000)
    })
  }

  /** Starts it and waits until its root can be looked at. */
  static async start(
    contender: Contender,
    server: BenchServer,
    workspace: Workspace,
    signal: AbortSignal,
    how: How = {},
  ): Promise<Mount> {
    const mount = new Mount(contender, server, workspace, how)
    try {
      const end = Date.now() + startLimit
      while (!isMounted(mount.mountpoint)) {
        if (mount.#child.exitCode !== null || Date.now() > end) throw new Error(`${contender.name} does not mount`)
        await delay(20, undefined, { signal })
      }
      await run(['stat', mount.mountpoint], { limit: startLimit, signal })
      return mount
    } catch (error) {
      await mount.end()
      if (mount.#errors !== '') process.stderr.write(`${mount.#errors}\n`)
      throw error
    }
  }

  /** The folder of all partners. */
  get station(): string {
    return join(this.mountpoint, this.contender.station)
  }
  inbox(partner: string): string {
    return join(this.mountpoint, this.contender.inbox(partner))
  }
  send(partner: string): string {
    return join(this.mountpoint, this.contender.send(partner))
  }
  /** Memory of the daemon now, and the most it had. */
  memory(): { now: Bytes; peak: Bytes } {
    const status = readFileSync(`/proc/${this.#child.pid ?? 0}/status`, 'utf8')
    const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1])
    return { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 }
  }

  async end(): Promise<void> {
    this.#child.kill('SIGTERM')
    const hasEnded = await ended(this.#child, endLimit)
    if (isMounted(this.mountpoint)) await this.#takeAway()
    if (!hasEnded) killGroup(this.#child, 'SIGKILL')
    if (!(await ended(this.#child, endLimit))) throw new Error(`${this.contender.name} can't be killed`)
    await this.#workspace.drop(this.#directory)
  }

  async #takeAway(): Promise<void> {
    const command = process.getuid?.() === 0 ? ['umount', '-l'] : ['fusermount3', '-u', '-z']
    await run([...command, this.mountpoint], { limit: endLimit, signal: new AbortController().signal })
  }
}
