/** The control socket, the daemon's side: HTTP on a unix socket in the state directory. */
import { chmod, open, unlink, type FileHandle } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once, setMaxListeners } from 'node:events'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AnswersUnderWay } from '../answers-under-way.js'
import { Cancellation, type CancelSignal } from '../cancellation.js'
import { FsError, UsageError } from '../errors.js'
import type { Beginning, FollowerLines } from '../events/follower.js'
import { inTime, timeLimit } from '../patience.js'
import { deliveryStates } from '../delivery/delivery.js'
import type { Logger } from '../telemetry/log.js'
import type { SendRow } from '../send/sender.js'
import type { Milliseconds } from '../units.js'
import { beginningIn, EventStream } from './event-stream.js'
import { findRow } from './queue-target.js'
import type {
  DeliveriesQuery,
  DeliveriesReport,
  InfoReport,
  NewReport,
  QueueReport,
  StatusReport,
  UnmountReport,
} from './reports.js'
import { socketName } from './socket.js'

/** Of new/. */
interface NewHandlers {
  report(signal: AbortSignal): Promise<NewReport>
  /** @param partner `STATION/PARTNER`; undefined: of all */
  reset(partner: string | undefined, signal: AbortSignal): Promise<NewReport>
  takeAll(partner: string | undefined, signal: AbortSignal): Promise<NewReport>
}

/** What the socket may ask for. All may throw FsError or UsageError, whose sentence is handed on. */
export interface ControlHandlers {
  status(): Promise<StatusReport>
  queue(): Promise<QueueReport>
  /** @param path in the mount, from `/` */
  info(path: string, signal: AbortSignal): Promise<InfoReport>
  deliveries(query: DeliveriesQuery, signal: AbortSignal): Promise<DeliveriesReport>
  /** By the id of a row of `queue`, all three; it may be held then, too. @returns the row after it, undefined if it is there no more */
  retry(id: string, signal: CancelSignal): Promise<SendRow | undefined>
  cancel(id: string, signal: CancelSignal): Promise<SendRow | undefined>
  release(id: string, signal: CancelSignal): Promise<SendRow | undefined>
  /** @see Events.follow */
  events(beginning: Beginning, lines: FollowerLines, signal: AbortSignal): Promise<void>
  readonly fresh: NewHandlers
  /**
   * Unmounts and drains; what ends the process comes after the answer.
   * @throws FsError EBUSY, saying who holds the mount
   */
  unmount(drain: Milliseconds | undefined): Promise<UnmountReport>
}

export interface ControlServer {
  /** Takes no more requests; those under way are answered, for two seconds at most. */
  close(): Promise<void>
}

const maxBody = 64 * 1024
const closeWithin: Milliseconds = 2_000
/** All inboxes, or outboxes, may have to be listed for it; a bucket that hangs is not waited for so long. */
const bucketWithin: Milliseconds = 300_000

/** @throws the socket's own error */
export async function startControlServer(
  directory: string,
  handlers: ControlHandlers,
  log: Logger,
): Promise<ControlServer> {
  const ending = new AbortController()
  setMaxListeners(0, ending.signal)
  const underWay = new AnswersUnderWay()
  const server = createServer((request, response) => {
    if (ending.signal.aborted) return void response.destroy()
    underWay.begun(response)
    const isStream = request.method === 'GET' && request.url?.split('?', 1)[0] === '/events'
    void (isStream ? stream(request, response, handlers, ending.signal, log) : answer(request, response, handlers, log))
  })
  // By way of a descriptor: the path of a unix socket may have 107 bytes, that of a directory 4,095.
  const folder = await open(directory, 'r')
  const path = join(directory, socketName)
  try {
    // The lock is ours, so whoever made it is dead.
    await unlink(path).catch(() => undefined)
    server.listen(`/proc/self/fd/${folder.fd}/${socketName}`)
    await once(server, 'listening')
    await chmod(path, 0o600)
  } catch (error) {
    await folder.close()
    throw error
  }
  return {
    close: async () => {
      ending.abort()
      await inTime(underWay.over(), closeWithin)
      await closed(server, folder, path)
    },
  }
}

async function closed(server: Server, folder: FileHandle, path: string): Promise<void> {
  server.close()
  server.closeAllConnections()
  await folder.close()
  await unlink(path).catch(() => undefined)
}

/** Lives as long as whoever asked, and no longer than the server. */
async function stream(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ControlHandlers,
  ending: AbortSignal,
  log: Logger,
): Promise<void> {
  const lines = new EventStream(response)
  const over = new AbortController()
  const end = (): void => {
    over.abort()
    // Who does not read is not waited for.
    if (response.writableNeedDrain) response.destroy()
  }
  for (const signal of [lines.gone, ending]) signal.addEventListener('abort', end)
  try {
    await handlers.events(beginningIn(request), lines, over.signal)
    response.end()
  } catch (error) {
    if (lines.gone.aborted) return
    if (lines.hasBegun) {
      log.error({ err: error }, 'Somebody could not be told what happened.')
      response.destroy()
    } else refuse(response, error, request, log)
  } finally {
    ending.removeEventListener('abort', end)
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ControlHandlers,
  log: Logger,
): Promise<void> {
  try {
    const body = request.method === 'POST' ? await bodyOf(request) : {}
    if (request.method === 'POST' && (await hasLeft(request))) return void response.destroy()
    send(response, 200, await route(request, body, handlers, leaving(response)))
  } catch (error) {
    refuse(response, error, request, log)
  }
}

/** Who left was told that nothing was changed: this process was stopped, or the machine slow. What was sent, and the end of it, are read in one turn. */
async function hasLeft({ socket }: IncomingMessage): Promise<boolean> {
  await nextTurn()
  return socket.readableEnded || socket.destroyed
}

/** Aborted when whoever asked leaves unanswered: what is not being written down by then is not done. */
function leaving(response: ServerResponse): CancelSignal {
  const left = new Cancellation()
  response.on('close', () => {
    if (!response.writableFinished) left.abort()
  })
  return left
}

function refuse(response: ServerResponse, error: unknown, request: IncomingMessage, log: Logger): void {
  const status = statusOf(error)
  if (status === 500) log.error({ err: error, url: request.url }, 'A request to the control socket failed.')
  send(response, status, { error: sentenceOf(error) })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(body ?? {}))
}

async function route(
  request: IncomingMessage,
  body: Record<string, unknown>,
  handlers: ControlHandlers,
  left: CancelSignal,
): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://as2fs')
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'GET /status':
      return handlers.status()
    case 'GET /queue':
      return handlers.queue()
    case 'GET /info':
      return handlers.info(url.searchParams.get('path') ?? '/', timeLimit(bucketWithin))
    case 'GET /new':
      return handlers.fresh.report(timeLimit(bucketWithin))
    case 'POST /new/reset':
      return handlers.fresh.reset(textOf(body.partner), timeLimit(bucketWithin))
    case 'POST /new/take-all':
      return handlers.fresh.takeAll(textOf(body.partner), timeLimit(bucketWithin))
    case 'GET /deliveries':
      return handlers.deliveries(deliveriesQuery(url.searchParams), timeLimit(bucketWithin))
    case 'POST /unmount':
      return handlers.unmount(numberOf(body.drain))
    case 'POST /queue/retry':
      return handlers.retry(await target(body, handlers), left)
    case 'POST /queue/cancel':
      return handlers.cancel(await target(body, handlers), left)
    case 'POST /queue/release':
      return handlers.release(await target(body, handlers), left)
    default:
      throw new FsError('ENOENT', 'This version of the daemon does not know the request: is it older than the command?')
  }
}

/** @returns the id of the row that the request is about */
async function target({ name, id }: Record<string, unknown>, handlers: ControlHandlers): Promise<string> {
  const wanted = typeof id === 'string' ? id : name
  if (typeof wanted !== 'string') throw new FsError('EINVAL', 'The request names no file.')
  return findRow((await handlers.queue()).rows, wanted).id
}

function deliveriesQuery(search: URLSearchParams): DeliveriesQuery {
  const [station, partner, since] = ['station', 'partner', 'since'].map((it) => search.get(it) ?? undefined)
  return {
    partner: station === undefined || partner === undefined ? undefined : { station, partner },
    state: deliveryStates.find((it) => it === search.get('state')),
    since: since === undefined ? undefined : numberOf(Number(since)),
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBody) throw new FsError('EINVAL', 'The request is too long.')
    chunks.push(chunk)
  }
  if (size === 0) return {}
  try {
    return { ...(JSON.parse(Buffer.concat(chunks).toString()) as object) }
  } catch (cause) {
    throw new FsError('EINVAL', 'The request is not JSON.', { cause })
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return 400
  if (!(error instanceof FsError)) return 500
  if (error.code === 'ENOENT') return 404
  return error.code === 'EINVAL' ? 400 : 409
}

function sentenceOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof FsError) return error.message
  return 'Something went wrong inside the daemon: see its log.'
}
