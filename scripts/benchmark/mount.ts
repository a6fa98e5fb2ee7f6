/** One mount of one contender, from its start to the moment nothing of it is left. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bytes, Milliseconds } from '../../src/units.js'
import type { Contender } from './contenders.js'
import { cpuOf, type CpuReading } from './cpu.js'
import type { Link } from './link.js'
import { ended, environment, killGroup, run } from './processes.js'
import type { BenchServer } from './server/client.js'
import { bucketName } from './server/worlds.js'
import { isMounted, type Workspace } from './workspace.js'

const startLimit: Milliseconds = 30_000
/** What a daemon may take to end by itself before it is killed. */
const endLimit: Milliseconds = 20_000
/** How often it is looked whether it is mounted. */
const glance: Milliseconds = 4

/** What a mount is of. */
export interface Subject {
  readonly contender: Contender
  readonly server: BenchServer
  readonly link: Link
  readonly workspace: Workspace
  readonly flags?: readonly string[] | undefined
  readonly bucket?: string | undefined
  /** For its state, and its mountpoint: it stays for another mount. One of its own that goes with it, if undefined. */
  readonly directory?: string | undefined
}

export class Mount {
  readonly contender: Contender
  readonly mountpoint: string
  /** From its start until its root could be looked at. */
  usableAfter: Milliseconds = 0
  readonly #directory: string
  readonly #isKept: boolean
  readonly #child: ChildProcess
  readonly #workspace: Workspace
  #errors = ''

  private constructor({ contender, server, link, workspace, directory, flags = [], bucket = bucketName }: Subject) {
    this.contender = contender
    this.#workspace = workspace
    this.#isKept = directory !== undefined
    this.#directory = directory ?? workspace.directory(contender.name)
    this.mountpoint = join(this.#directory, 'mnt')
    const temporary = join(this.#directory, 'tmp')
    for (const path of [this.mountpoint, temporary]) mkdirSync(path, { recursive: true })
    const secret = (name: string, content: string): string => workspace.secret(name, content)
    const [endpoint, ca] = [server.endpointOf(link), link.isSecure ? server.certificate : undefined]
    const place = { endpoint, ca, bucket, mountpoint: this.mountpoint, directory: temporary, secret }
    const [program = '', ...args] = contender.command(place)
    const env = environment({ HOME: workspace.root, TMPDIR: temporary, ...contender.environment(place) })
    this.#child = spawn(program, [...args, ...flags], { stdio: ['ignore', 'ignore', 'pipe'], env, detached: true })
    this.#child.on('error', (error) => (this.#errors += error.message))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000)
    })
  }

  /** Starts it and waits until its root can be looked at. */
  static async start(subject: Subject, signal: AbortSignal): Promise<Mount> {
    const began = performance.now()
    const mount = new Mount(subject)
    try {
      while (!isMounted(mount.mountpoint)) {
        const isLate = performance.now() - began > startLimit
        if (mount.#child.exitCode !== null || isLate) throw new Error(`${subject.contender.name} does not mount`)
        await pause(glance, undefined, { signal })
      }
      await run(['stat', mount.mountpoint], { limit: startLimit, signal })
      mount.usableAfter = performance.now() - began
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
  /** What the daemon has spent so far. */
  cpu(): CpuReading {
    return cpuOf(this.#child.pid ?? 0)
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
    if (!this.#isKept) await this.#workspace.drop(this.#directory)
  }

  async #takeAway(): Promise<void> {
    const command = process.getuid?.() === 0 ? ['umount', '-l'] : ['fusermount3', '-u', '-z']
    await run([...command, this.mountpoint], { limit: endLimit, signal: new AbortController().signal })
  }
}
