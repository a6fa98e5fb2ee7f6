/** Looks who is in uninterruptible sleep, for how long, while a test goes on: processes of its own, and `ps`, which looks at all. */
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from './run.js'

interface Sleep {
  /** Of its process: while it is the same, so is the sleep. */
  readonly switches: string
  readonly since: number
}

const lookEvery = 200

export class Sleepers {
  /** Milliseconds. */
  longest = 0
  longestOf = ''
  slowestPs = 0
  readonly #isMine: (group: number) => boolean
  readonly #asleep = new Map<string, Sleep>()
  readonly #over = new AbortController()
  #work: Promise<unknown> = Promise.resolve()

  /** @param isMine whether a process group is the test's */
  constructor(isMine: (group: number) => boolean) {
    this.#isMine = isMine
  }

  start(): void {
    this.#work = Promise.all([this.#lookOn(() => this.#look()), this.#lookOn(() => this.#ps())])
  }

  async stop(): Promise<void> {
    this.#over.abort()
    await this.#work
  }

  async #lookOn(look: () => Promise<void>): Promise<void> {
    while (!this.#over.signal.aborted) {
      await look()
      await delay(lookEvery)
    }
  }

  /** As an operator does, who wants to know what hangs. */
  async #ps(): Promise<void> {
    const began = performance.now()
    await run('timeout', ['-s', 'KILL', '30', 'ps', 'axo', 'pid,stat,args'])
    this.slowestPs = Math.max(this.slowestPs, performance.now() - began)
  }

  async #look(): Promise<void> {
    const pids = (await readdir('/proc')).filter((it) => /^\d+$/.test(it))
    await Promise.all(pids.map((pid) => this.#lookAt(pid)))
  }

  /** By `status`, which waits for nobody. */
  async #lookAt(pid: string): Promise<void> {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? ''
    if (field('State') !== 'D' || !this.#isMine(Number(field('NSpgid')))) {
      this.#asleep.delete(pid)
      return
    }
    const switches = field('voluntary_ctxt_switches')
    const before = this.#asleep.get(pid)
    const since = before?.switches === switches ? before.since : performance.now()
    this.#asleep.set(pid, { switches, since })
    const long = performance.now() - since
    if (long <= this.longest) return
    this.longest = long
    this.longestOf = `${field('Name')} (process ${pid})`
  }
}
