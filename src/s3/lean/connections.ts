/** Connections to one server, used again, the one that was used last first. */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls'
import { autoSelectFamilyAttemptTimeout, type Network } from '../network.js'
import type { Server } from '../proxies.js'
import { Connection, type Answer, type Question } from './connection.js'

/** Beyond so many, the SDK has others. */
const most = 64

export class Connections {
  readonly #server: Server
  readonly #network: Network
  readonly #all = new Set<Connection>()
  readonly #idle: Connection[] = []
  /** Of TLS, to begin the next connection with. */
  #session: Buffer | undefined

  constructor(server: Server, network: Network) {
    this.#server = server
    this.#network = network
  }

  /** Whether one is free, or another may be made. */
  get areFree(): boolean {
    return this.#idle.length > 0 || this.#all.size < most
  }

  /** @returns undefined where there is no usual answer, or no connection to be had */
  async ask(question: Question): Promise<Answer | number | undefined> {
    const connection = this.#unused() ?? this.#connect()
    const answer = await connection?.ask(question)
    // A server may have forgotten what it is asked to go on with.
    if (!answer) this.#session = undefined
    // What comes behind an answer, and was not asked for, is seen by then: the connection is closed for it.
    if (connection && typeof answer === 'object' && answer.head.isKept) setImmediate(() => this.#idle.push(connection))
    return answer
  }

  close(): void {
    for (const it of this.#all) it.close()
  }

  /** Those that wait to be used again: the way that they went may be gone. */
  closeIdle(): void {
    for (const it of this.#idle.splice(0)) it.close()
  }

  #unused(): Connection | undefined {
    for (let it = this.#idle.pop(); it; it = this.#idle.pop()) if (!it.isClosed) return it
    return undefined
  }

  #connect(): Connection | undefined {
    if (this.#all.size >= most) return undefined
    const connection = new Connection(
      (onread) => this.#open(onread),
      () => this.#gone(connection),
    )
    this.#all.add(connection)
    return connection
  }

  #gone(connection: Connection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
  }

  #open(onread: OnReadOpts): Socket {
    const { isSecure, host, port } = this.#server
    const { trust, names } = this.#network
    const options = { host, port, lookup: names.lookup, autoSelectFamilyAttemptTimeout, onread }
    if (!isSecure) return connect(options)
    const secure: ConnectionOptions = {
      ...options,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      secureContext: trust.context,
      ...(this.#session ? { session: this.#session } : {}),
    }
    return connectSecurely(secure).on('session', (session: Buffer) => (this.#session = session))
  }
}
