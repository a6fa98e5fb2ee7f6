/** What each URL gives. All of it is read; nothing of it changes anything. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  ArrivalsQuery,
  ArrivalsReport,
  DeliveriesPage,
  DeliveriesPageQuery,
  HealthReport,
  QueuePage,
  StatusReport,
} from '../control/reports.js'
import { FsError } from '../errors.js'
import type { Beginning, FollowerLines } from '../events/follower.js'
import { timeLimit } from '../patience.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { beginningIn, EventSourceStream } from './event-source.js'
import type { PageFile } from './page-files.js'
import type { ToldArrivals, ToldDeliveries, ToldQueue, ToldStatus } from './page/told.js'
import { checked, limitIn, partnerIn, sinceIn, statesIn } from './query.js'
import { jsonType, send } from './reply.js'
import { SharedAnswers } from './shared-answers.js'

/** Whoever knows what is asked for. All may throw FsError or UsageError, whose sentence is handed on. */
export interface HttpSources {
  status(): StatusReport
  health(): HealthReport
  /** For Prometheus. */
  readonly metrics: { readonly contentType: string; render(): Promise<string> }
  /** @param most rows */
  queue(most: number): QueuePage
  deliveries(query: DeliveriesPageQuery, signal: AbortSignal): Promise<DeliveriesPage>
  arrivals(query: ArrivalsQuery, signal: AbortSignal): Promise<ArrivalsReport>
  /** @see Events.follow */
  events(beginning: Beginning, lines: FollowerLines, signal: AbortSignal): Promise<void>
}

export interface RoutesOptions {
  readonly sources: HttpSources
  /** By the path of their URL. */
  readonly page: ReadonlyMap<string, PageFile>
  readonly clock: Clock
  /** Aborted when the server ends. */
  readonly ending: AbortSignal
}

const mostQueue = 10_000
const mostRows = 1_000
const fewRows = 100
/** All boxes may have to be listed. */
const within: Milliseconds = 120_000
/** Each has a connection, and has the bucket looked at. */
const mostStreams = 16

export class Routes {
  readonly #options: RoutesOptions
  readonly #shared: SharedAnswers
  #streams = 0

  constructor(options: RoutesOptions) {
    this.#options = options
    this.#shared = new SharedAnswers(options.clock)
  }

  /** @throws FsError or UsageError before anything is sent */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = request.url ?? '/'
    // Nothing that a parser would take for another server's.
    if (!/^\/(?!\/)[^\\]*$/.test(text) || !URL.canParse(text, 'http://as2fs'))
      throw new FsError('EINVAL', 'That is no URL.')
    const url = new URL(text, 'http://as2fs')
    if (url.pathname === '/api/events') return this.#stream(request, response, url.searchParams)
    const file = this.#options.page.get(url.pathname)
    if (file || !url.pathname.startsWith('/api/')) checked(url.searchParams, [])
    if (url.pathname === '/healthz') return this.#health(response)
    if (url.pathname === '/metrics') return this.#metrics(response)
    const question = url.pathname + url.search
    send(response, file ?? { type: jsonType, body: await this.#shared.of(question, () => this.#json(url)) })
  }

  /** 503: somebody has to look, or it ends. */
  #health(response: ServerResponse): Promise<void> {
    const health = this.#options.sources.health()
    send(response, { status: health.state === 'ok' ? 200 : 503, type: jsonType, body: JSON.stringify(health) })
    return Promise.resolve()
  }

  async #metrics(response: ServerResponse): Promise<void> {
    const { metrics } = this.#options.sources
    send(response, { type: metrics.contentType, body: await this.#shared.of('/metrics', () => metrics.render()) })
  }

  /** The compiler sees to it that the page finds what it reads. */
  async #json({ pathname, searchParams: search }: URL): Promise<string> {
    const { sources, clock } = this.#options
    const now = clock.now()
    switch (pathname) {
      case '/api/status':
        checked(search, [])
        return JSON.stringify(sources.status() satisfies ToldStatus)
      case '/api/queue':
        checked(search, ['limit'])
        return JSON.stringify(sources.queue(limitIn(search, mostRows, mostQueue)) satisfies ToldQueue)
      case '/api/deliveries': {
        checked(search, ['since', 'state', 'partner', 'limit', 'after'])
        const [since, states, partner] = [sinceIn(search, now), statesIn(search), partnerIn(search)]
        const query = { since, states, partner, most: limitIn(search, fewRows, mostRows), after: search.get('after') }
        return JSON.stringify((await sources.deliveries(query, timeLimit(within))) satisfies ToldDeliveries)
      }
      case '/api/arrivals': {
        checked(search, ['since', 'limit'])
        const query = { since: sinceIn(search, now), most: limitIn(search, fewRows, mostRows) }
        return JSON.stringify((await sources.arrivals(query, timeLimit(within))) satisfies ToldArrivals)
      }
      case '/':
        throw new FsError('ENOENT', 'The page was not built here: npm run build makes it.')
      default:
        throw new FsError('ENOENT', 'There is nothing here: / is the page, /api/status what it says in JSON.')
    }
  }

  /** Lives as long as whoever asked, and no longer than the server. */
  async #stream(request: IncomingMessage, response: ServerResponse, search: URLSearchParams): Promise<void> {
    const { sources, clock, ending } = this.#options
    const beginning = beginningIn(request, sinceIn(checked(search, ['since']), clock.now()))
    if (this.#streams >= mostStreams) throw new FsError('EBUSY', `${mostStreams} follow the events here already.`)
    const lines = new EventSourceStream(response)
    lines.begin()
    if (request.method === 'HEAD') return void response.end()
    const over = new AbortController()
    const end = (): void => {
      over.abort()
      // Who does not read is not waited for.
      if (response.writableNeedDrain) response.destroy()
    }
    for (const signal of [lines.gone, ending]) signal.addEventListener('abort', end)
    this.#streams += 1
    try {
      await sources.events(beginning, lines, over.signal)
      response.end()
    } catch (error) {
      if (!lines.gone.aborted) throw error
    } finally {
      this.#streams -= 1
      ending.removeEventListener('abort', end)
    }
  }
}
