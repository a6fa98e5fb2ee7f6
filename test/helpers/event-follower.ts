/** `as2fs events` as a program has it that reads its lines. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import type { AnyEvent } from '../../src/events/event.js'
import { as2fs, type Mounted } from './mounted.js'
import { until } from './until.js'

export class EventFollower {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  readonly events: AnyEvent[] = []
  /** The beginning of a line. */
  #rest = ''
  #err = ''

  constructor(t: Test, mounted: Mounted, flags: readonly string[] = []) {
    const args = [as2fs, 'events', mounted.mountpoint, '--follow', '--json', ...flags]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = once(this.#child, 'close')
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#err += text))
    t.teardown(() => this.#child.kill('SIGKILL'))
  }

  /** Each as `received order.edi`. */
  get told(): string[] {
    return this.events.map((it) => ('name' in it ? `${it.event} ${it.name}` : it.event))
  }

  get err(): string {
    return this.#err
  }

  /** Waits until it was told all of them, in any order. */
  async hears(...wanted: readonly string[]): Promise<void> {
    const missing = (): string[] => {
      const told = new Set(this.told)
      return wanted.filter((it) => !told.has(it))
    }
    await until('what is wanted', () => missing().length === 0, 60_000).catch(() => {
      throw new Error(`waited in vain for ${missing().join(', ')} (told: ${this.told.join(', ')})`)
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** @returns its exit code */
  async ended(): Promise<number | null> {
    await this.#ended
    return this.#child.exitCode
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    this.signal('SIGTERM')
    await this.ended()
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.events.push(JSON.parse(line) as AnyEvent)
  }
}
