/** Gets the address to listen at: at once, or as soon as it is free. Whether it does holds up nothing else. */
import { once } from 'node:events'
import { constants, lstatSync, unlinkSync } from 'node:fs'
import { access, chmod, link, lstat, stat, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { codeOf, reasonOf, UsageError } from '../errors.js'
import { inTime, late } from '../patience.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import { isLoopback, shownAddress, type HttpAddress } from './address.js'

export interface ListenerOptions {
  readonly server: Server
  readonly address: HttpAddress
  /** Whoever reaches it has to show a token. */
  readonly isGuarded: boolean
  readonly log: Logger
  readonly tryAgainAfter?: Milliseconds
}

/** A name may have to be looked up. */
const patience: Milliseconds = 2_000
const defaultPause: Milliseconds = 10_000
/** Of its owner, and of the group that its folder gives it (setgid). */
const socketMode = 0o660

export class Listener {
  readonly #options: ListenerOptions
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  #at: string | undefined
  #problem: string | undefined
  /** Of the socket that was made. */
  #inode: number | undefined

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  /** Where it listens, for people; undefined while it does not. */
  get at(): string | undefined {
    return this.#at
  }

  /** One sentence, while it does not listen. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Resolves when it listens, or goes on trying. Never throws. */
  async start(): Promise<void> {
    const tried = this.#try()
    if ((await inTime(tried, patience)) === late) {
      this.#problem = `${placeOf(this.#options.address)} can't be listened at yet: its name is being looked up.`
    }
  }

  stop(): void {
    this.#isOver = true
    this.#at = undefined
    clearTimeout(this.#timer)
    this.#removeSocket()
  }

  async #try(): Promise<void> {
    const { address, log, tryAgainAfter = defaultPause } = this.#options
    try {
      await this.#listen()
      if (this.#isOver) return void this.#options.server.close()
      this.#at = shownAddress(this.#bound())
      this.#problem = undefined
      log.info({ http: this.#at }, 'listening')
    } catch (error) {
      if (this.#isOver) return
      const sentence = `${placeOf(address)} can't be listened at: ${whyNot(error, address)} It is tried again every ${tryAgainAfter / 1_000} s.`
      if (sentence !== this.#problem) log.warn(sentence)
      this.#problem = sentence
      this.#timer = setTimeout(() => void this.#try(), tryAgainAfter).unref()
    }
  }

  async #listen(): Promise<void> {
    const { server, address, isGuarded } = this.#options
    if (address.kind === 'socket') return this.#listenAt(address.path)
    server.listen({ host: address.host, port: address.port, exclusive: true })
    await once(server, 'listening')
    try {
      requireGuard(address.host, server.address(), isGuarded)
    } catch (error) {
      server.close()
      throw error
    }
  }

  /** Under a name that is ours alone at first: Node takes that one away at the end, whatever is there by then. */
  async #listenAt(path: string): Promise<void> {
    await clearSocket(path)
    const own = join(dirname(path), `.${process.pid}`)
    await unlink(own).catch(() => undefined)
    this.#options.server.listen(own)
    await once(this.#options.server, 'listening')
    await chmod(own, socketMode)
    await link(own, path)
    await unlink(own)
    this.#inode = (await lstat(path)).ino
  }

  #removeSocket(): void {
    const { address } = this.#options
    if (address.kind !== 'socket' || this.#inode === undefined) return
    try {
      const found = lstatSync(address.path)
      if (found.isSocket() && found.ino === this.#inode) unlinkSync(address.path)
    } catch {
      // It is gone, or its folder is.
    }
  }

  /** With the port that it got. */
  #bound(): HttpAddress {
    const { address, server } = this.#options
    const bound = server.address()
    if (address.kind === 'socket' || bound === null || typeof bound === 'string') return address
    return { ...address, port: bound.port }
  }
}

/** As it was given. */
function placeOf(address: HttpAddress): string {
  return `--http ${shownAddress(address).replace(/^http:\/\/(.*)\/$/, '$1')}`
}

export interface WhyNot {
  /** One sentence. */
  readonly sentence: string
  /** Somebody listens there. */
  readonly isTaken: boolean
}

/** Whether one could listen, without doing so for longer than it takes to see that. @returns undefined if one could */
export async function whyNotAt(address: HttpAddress, isGuarded: boolean): Promise<WhyNot | undefined> {
  try {
    if (address.kind === 'socket') await trySocket(address.path)
    else await tryPort(address.host, address.port, isGuarded)
    return undefined
  } catch (error) {
    const isTaken = error instanceof TakenError || codeOf(error) === 'EADDRINUSE'
    return { sentence: `${placeOf(address)} can't be listened at: ${whyNot(error, address)}`, isTaken }
  }
}

async function tryPort(host: string, port: number, isGuarded: boolean): Promise<void> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    requireGuard(host, server.address(), isGuarded)
  } finally {
    server.close()
  }
}

async function trySocket(path: string): Promise<void> {
  await isLeft(path)
  await access(dirname(path), constants.W_OK | constants.X_OK)
}

/** @throws UsageError for what others can reach, and nothing guards */
function requireGuard(host: string, bound: ReturnType<Server['address']>, isGuarded: boolean): void {
  if (isGuarded || (bound !== null && typeof bound === 'object' && isLoopback(bound.address))) return
  throw new UsageError(`${host} is not this machine alone here: write 127.0.0.1, or give --http-token-file.`)
}

class TakenError extends UsageError {}

/** Takes away what a daemon has left that was killed. @throws UsageError if it is anything else */
async function clearSocket(path: string): Promise<void> {
  if (await isLeft(path)) await unlink(path)
}

/** @returns false if nothing is there. @throws UsageError if it is anything else than what a daemon has left that was killed */
async function isLeft(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (!found) {
    // Of a folder that is not there libuv says that it may not be written to.
    await stat(dirname(path))
    return false
  }
  if (!found.isSocket()) throw new UsageError('it is there, and is no socket: take it away, or give another.')
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch (error) {
    if (codeOf(error) !== 'ECONNREFUSED') throw error
    return true
  } finally {
    socket.destroy()
  }
  throw new TakenError('another program listens there already: end that, or give another.')
}

function whyNot(error: unknown, address: HttpAddress): string {
  if (error instanceof UsageError) return error.message
  const { kind } = address
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `another program listens there already: end that, or give another ${kind === 'tcp' ? 'port' : 'path'}.`
    case 'EACCES':
    case 'EPERM':
      return kind === 'tcp' ? 'only root may listen at so low a port.' : `its folder may not be written to.`
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address.'
    case 'ENOENT':
      return kind === 'tcp' ? reasonOf(error) : `there is no folder ${dirname(address.path)}.`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'nobody knows that name.'
    default:
      return `${reasonOf(error)}.`
  }
}
