/** The control socket, the command's side. */
import { open, type FileHandle } from 'node:fs/promises'
import { UsageError } from '../errors.js'
import type { FollowLine } from '../events/event.js'
import type { Beginning } from '../events/follower.js'
import { timeLimit } from '../patience.js'
import type { SendRow } from '../send/sender.js'
import type { QueueAction } from '../send/waiting.js'
import type { Milliseconds } from '../units.js'
import { queryOf } from './event-stream.js'
import { followed } from './followed.js'
import { httpRequest } from './http-request.js'
import type {
  DeliveriesQuery,
  DeliveriesReport,
  InfoReport,
  NewReport,
  QueueReport,
  StatusReport,
  UnmountReport,
} from './reports.js'
import { NoAnswerError, sentenceIn, socketName } from './socket.js'

const defaultTimeout: Milliseconds = 10_000
/** The daemon gives up before that: it waits no longer than an operation for a bucket that hangs. */
const bucketTimeout: Milliseconds = 310_000
/** An unmount answers when the queue is drained, and the daemon's own end is not part of that. */
const unmountMargin: Milliseconds = 60_000

/**
 * All methods throw UsageError with the daemon's sentence, or NoAnswerError. An answer is taken for what the daemon says it is: who may
 * write into the socket's directory is its owner. A daemon of another version may lack fields.
 */
export class ControlClient {
  readonly #directory: string
  readonly #timeout: Milliseconds

  /** @param directory the daemon's state directory */
  constructor(directory: string, timeout = defaultTimeout) {
    this.#directory = directory
    this.#timeout = timeout
  }

  async status(): Promise<StatusReport> {
    return (await this.#ask('GET', '/status')) as StatusReport
  }

  async queue(): Promise<QueueReport> {
    return (await this.#ask('GET', '/queue')) as QueueReport
  }

  /** @param path in the mount, from `/` */
  async info(path: string): Promise<InfoReport> {
    return (await this.#ask(
      'GET',
      `/info?${new URLSearchParams({ path }).toString()}`,
      undefined,
      bucketTimeout,
    )) as InfoReport
  }

  async deliveries({ partner, state, since }: DeliveriesQuery): Promise<DeliveriesReport> {
    const wanted = Object.entries({ ...partner, state, since: since === undefined ? undefined : String(since) })
    const query = wanted.filter((it): it is [string, string] => it[1] !== undefined)
    const path = `/deliveries?${new URLSearchParams(query).toString()}`
    return (await this.#ask('GET', path, undefined, bucketTimeout)) as DeliveriesReport
  }

  /**
   * @param name a row's id or name, or more of its path
   * @returns the row after it; of an older daemon, or if it is there no more, an empty one
   */
  async change(action: QueueAction, name: string): Promise<Partial<SendRow>> {
    return (await this.#ask('POST', `/queue/${action}`, { name })) as Partial<SendRow>
  }

  async new(): Promise<NewReport> {
    return (await this.#ask('GET', '/new', undefined, bucketTimeout)) as NewReport
  }

  /** @param partner `STATION/PARTNER`; undefined: of all */
  async changeNew(change: 'reset' | 'take-all', partner: string | undefined): Promise<NewReport> {
    return (await this.#ask('POST', `/new/${change}`, { partner }, bucketTimeout)) as NewReport
  }

  /** @param drain undefined: the daemon's own `--drain` */
  async unmount(drain: Milliseconds | undefined): Promise<UnmountReport> {
    // Without a drain of ours, the daemon knows its limit and we don't.
    const timeout = drain === undefined ? 0 : drain + unmountMargin
    return (await this.#ask('POST', '/unmount', { drain }, timeout)) as UnmountReport
  }

  /**
   * What happened, as it comes: some lines at a time. Who does not go on is waited for.
   * @param signal ends it
   */
  async *events(beginning: Beginning, signal: AbortSignal): AsyncGenerator<readonly FollowLine[], undefined> {
    const folder = await this.#folder()
    try {
      const socketPath = `/proc/self/fd/${folder.fd}/${socketName}`
      yield* followed({ socketPath, path: `/events?${queryOf(beginning)}` }, signal)
    } finally {
      await folder.close()
    }
  }

  async #ask(method: string, path: string, body?: unknown, timeout = this.#timeout): Promise<unknown> {
    const folder = await this.#folder()
    try {
      const socketPath = `/proc/self/fd/${folder.fd}/${socketName}`
      const answer = await exchange({ socketPath, method, path, timeout }, body)
      if (answer.status === 200) return answer.body
      throw new UsageError(sentenceIn(answer.body))
    } finally {
      await folder.close()
    }
  }

  async #folder(): Promise<FileHandle> {
    return open(this.#directory, 'r').catch((cause: unknown) => {
      throw new NoAnswerError(`${this.#directory} can't be opened`, { cause })
    })
  }
}

interface Exchange {
  readonly socketPath: string
  readonly method: string
  readonly path: string
  readonly timeout: Milliseconds
}

function exchange(options: Exchange, body: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(new NoAnswerError('the daemon does not answer', { cause }))
    const { timeout, ...where } = options
    const signal = timeout > 0 ? timeLimit(timeout) : undefined
    const request = httpRequest({ ...where, agent: false, ...(signal && { signal }) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fail)
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown })
        } catch (error) {
          fail(error)
        }
      })
    })
    request.on('error', fail)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
