/** The S3 server as the benchmark sees it: a child process that answers calls. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Milliseconds } from '../../../src/units.js'
import type { Link } from '../link.js'
import type { Sizes } from '../sizes.js'
import { makeCertificate } from './certificate.js'
import type { Call, Counts, Ports, Reply, ServerCalls } from './process.js'
import { bucketName, type World } from './worlds.js'

export class BenchServer {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #nextId = 0
  #ports: Ports = { plain: 0, secure: 0 }
  /** Path of what is to be trusted. */
  certificate = ''

  constructor() {
    this.#child = fork(fileURLToPath(new URL('process.js', import.meta.url)), { detached: true })
    this.#child.on('message', (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply)
      this.#waiting.delete(reply.id)
    })
    this.#child.on('exit', () => {
      for (const [id, answer] of this.#waiting) answer({ id, error: 'the S3 server ended' })
    })
  }

  /**
   * @param directory for its certificate
   * @param sizes of what is in the bucket for all; it is empty without
   */
  async start(directory: string, signal: AbortSignal, sizes?: Sizes): Promise<void> {
    const { key, certificate } = await makeCertificate(directory, signal)
    this.certificate = certificate
    this.#ports = await this.#call('start', key, certificate, sizes)
  }

  endpointOf({ isSecure }: Pick<Link, 'isSecure'>): string {
    return isSecure ? `https://127.0.0.1:${this.#ports.secure}` : `http://127.0.0.1:${this.#ports.plain}`
  }

  /** Makes a bucket of its own, or takes it away. */
  async make(world: World): Promise<void> {
    await this.#call('make', world)
  }
  async unmake(world: World): Promise<void> {
    await this.#call('unmake', world)
  }
  async delay(time: Milliseconds): Promise<void> {
    await this.#call('delay', time)
  }
  counts(accessKey: string): Promise<Counts> {
    return this.#call('counts', accessKey)
  }
  async put(key: string, size: number, bucket: string): Promise<void> {
    await this.#call('put', bucket, key, size)
  }
  async receive(n: number, bucket: string): Promise<void> {
    await this.#call('receive', bucket, n)
  }
  uploaded(prefix: string): Promise<{ objects: number; bytes: number }> {
    return this.#call('uploaded', bucketName, prefix)
  }
  async remove(prefix: string, bucket: string): Promise<void> {
    await this.#call('remove', bucket, prefix)
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }

  #call<Name extends keyof ServerCalls>(
    name: Name,
    ...args: Parameters<ServerCalls[Name]>
  ): Promise<Awaited<ReturnType<ServerCalls[Name]>>> {
    const id = (this.#nextId += 1)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Awaited<ReturnType<ServerCalls[Name]>>)
        else reject(new Error(error))
      })
      const call: Call = { id, name, args }
      this.#child.send(call)
    })
  }
}
