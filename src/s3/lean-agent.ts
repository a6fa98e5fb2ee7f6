/**
 * Connections that read into one piece of memory. Node makes a new buffer for each 64 KiB that come: 16,000 for a GiB, and
 * collecting them takes V8 a third of the time that reading takes. Here they are all read into the same one, and only what
 * is not copied at once gets memory of its own. Without TLS only: that has buffers of its own in any case.
 */
import { Agent, type ClientRequestArgs, type IncomingMessage } from 'node:http'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Bytes } from '../units.js'

/** Larger than Node's, so that there are fewer calls, too. */
const bufferSize: Bytes = 256 * 1024

export class LeanAgent extends Agent {
  /** One for all: the event loop hands over what it read from a connection before it reads from the next. */
  readonly #buffer = Buffer.allocUnsafeSlow(bufferSize)
  readonly #copied = new WeakMap<Socket, IncomingMessage>()

  override createConnection(options: ClientRequestArgs): Socket {
    const onread = {
      buffer: this.#buffer,
      callback: (count: number) => {
        this.#deliver(socket, count)
        return true
      },
    }
    const socket: Socket = connect({ ...(options as NetConnectOpts), onread })
    return socket
  }

  /**
   * The body's listener copies every piece before it returns. Nobody else may listen to it.
   * @returns a function that ends it
   */
  copiesAtOnce(body: IncomingMessage): () => void {
    const { socket } = body
    this.#copied.set(socket, body)
    return () => {
      if (this.#copied.get(socket) === body) this.#copied.delete(socket)
    }
  }

  /** To the parser of HTTP, which listens to the socket and passes on parts of what it is given. */
  #deliver(socket: Socket, count: number): void {
    const bytes = this.#buffer.subarray(0, count)
    const body = this.#copied.get(socket)
    if (!body || !passesOnAtOnce(body)) {
      socket.emit('data', Buffer.from(bytes))
      return
    }
    socket.emit('data', bytes)
    // Would be overwritten by the next read.
    if (body.readableLength > 0) socket.destroy(new Error('a part of the body was kept without a copy'))
  }
}

/** What comes goes to the listener, not into the stream's own queue. */
function passesOnAtOnce(body: IncomingMessage): boolean {
  return body.readableFlowing === true && body.readableLength === 0 && !body.complete
}
