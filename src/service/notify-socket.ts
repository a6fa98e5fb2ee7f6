/** What the service manager is told, in order. Whoever tells it never waits, and never fails. */
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { getSystemErrorName, promisify } from 'node:util'
import { codeOf } from '../errors.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'

/** Of the binding, where it was compiled. @returns 0, or the errno */
export type Send = (address: string, message: string) => number

export interface NotifySocketOptions {
  readonly address: string
  /** Undefined: systemd-notify is started for it, which systemd believes only of root. */
  readonly send: Send | undefined
  readonly log: Logger
}

/** A manager that has not read what came before. */
const again = 'EAGAIN'
const retryAfter: Milliseconds = 100
const mostTries = 100
const helperWithin: Milliseconds = 10_000

export class NotifySocket {
  readonly #options: NotifySocketOptions
  #last: Promise<void> = Promise.resolve()
  #isFailing = false

  constructor(options: NotifySocketOptions) {
    this.#options = options
  }

  /** @param lines of the form NAME=VALUE */
  tell(...lines: readonly string[]): void {
    const message = lines.map((it) => it.replaceAll('\n', ' ')).join('\n')
    this.#last = this.#last.then(() => this.#told(message))
  }

  /** Resolves when all is told, or given up. */
  async idle(): Promise<void> {
    await this.#last
  }

  async #told(message: string): Promise<void> {
    const { address, send, log } = this.#options
    const problem = send ? await sent(send, address, message) : await sentByProgram(address, message)
    if (problem !== undefined && !this.#isFailing) {
      log.warn({ address, problem }, 'The service manager can’t be told how the mount is: it may take it for hung.')
    }
    this.#isFailing = problem !== undefined
  }
}

/** @returns what went wrong */
async function sent(send: Send, address: string, message: string): Promise<string | undefined> {
  for (let tries = 1; ; tries += 1) {
    const errno = send(address, message)
    if (errno === 0) return undefined
    const name = getSystemErrorName(-errno)
    if (name !== again || tries >= mostTries) return name
    await delay(retryAfter)
  }
}

async function sentByProgram(address: string, message: string): Promise<string | undefined> {
  try {
    // Told in our name: systemd listens to nobody else.
    const args = [`--pid=${process.pid}`, ...message.split('\n')]
    await promisify(execFile)('systemd-notify', args, {
      env: { ...process.env, NOTIFY_SOCKET: address },
      timeout: helperWithin,
    })
    return undefined
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'the binding was not compiled, and there is no systemd-notify' : String(error)
  }
}
