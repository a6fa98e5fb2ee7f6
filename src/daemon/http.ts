/** Makes the HTTP server, and joins it with what it tells of. Loaded only with `--http`. */
import type { MountConfig } from '../config.js'
import type { QueuePage } from '../control/reports.js'
import { exposureOf } from '../exposure.js'
import type { Events } from '../events/events.js'
import { HttpServer } from '../http/server.js'
import type { Metrics } from '../metrics/metrics.js'
import type { SendRow, SendState, Sender } from '../send/sender.js'
import { systemClock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Arrivals } from './arrivals.js'
import type { OwnReports } from './compose.js'
import type { DeliveryReport } from './delivery-report.js'
import type { Owning } from './owning.js'

export interface HttpParts {
  readonly config: MountConfig & { readonly http: NonNullable<MountConfig['http']> }
  readonly reports: OwnReports
  readonly metrics: Metrics
  readonly sender: Sender
  readonly report: DeliveryReport
  readonly arrivals: Arrivals
  readonly events: Events
  readonly owning: Owning
  readonly log: Logger
}

/** @throws SetupError as `HttpServer.start` */
export async function ownHttp(parts: HttpParts): Promise<HttpServer> {
  const { config, reports, metrics, sender, report, arrivals, events, owning, log } = parts
  const exposure = await exposureOf('token', config.httpTokenFile)
  if (exposure !== undefined) log.warn(exposure)
  const server = await HttpServer.start({
    address: config.http,
    tokenFile: config.httpTokenFile,
    sources: {
      status: () => reports.status(),
      health: () => reports.health(),
      metrics,
      queue: (most) => queuePage(sender, most),
      deliveries: (query, signal) => report.page(query, signal),
      arrivals: (query, signal) => arrivals.latest(query, signal),
      events: (beginning, lines, signal) => events.follow(beginning, lines, signal),
    },
    clock: systemClock,
    log,
  })
  owning.add('closing the HTTP server', () => server.close())
  return server
}

/** Those first that nothing but somebody's doing brings on. */
const urgency: readonly SendState[] = ['failed', 'held', 'uploading', 'queued', 'submitted', 'open']

function queuePage(sender: Sender, most: number): QueuePage {
  const rows = [...sender.allRows()].sort((a, b) => rank(a) - rank(b) || sinceOf(a) - sinceOf(b))
  return { generatedAt: systemClock.now(), counts: sender.counts(), rows: rows.slice(0, most) }
}

function rank({ state }: SendRow): number {
  return urgency.indexOf(state)
}

function sinceOf({ submittedAt, closedAt, mtime }: SendRow): number {
  return submittedAt ?? closedAt ?? mtime
}
