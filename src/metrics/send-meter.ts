/** Counts what becomes of files in `send/`, as the audit trail is told of it. */
import type { AuditSink } from '../send/trail.js'
import { Histogram } from '../telemetry/histogram.js'
import type { Bytes } from '../units.js'
import { PartnerCounts } from './partner-counts.js'
import type { PartnerLabels } from './partner-labels.js'
import type { Samples } from './samples.js'

/** Of the audit trail's events those that are counted. `delayed`: a try failed, another will follow. `refused`: a name. */
const results = [
  'queued',
  'held',
  'delayed',
  'submitted',
  'taken',
  'duplicate',
  'failed',
  'cancelled',
  'refused',
] as const
type Result = (typeof results)[number]

/** In seconds, from the close of a file to S3's yes: from what settles at once to what waits out a night. */
const limitsOfTimes = [1, 2, 5, 10, 30, 60, 300, 900, 3_600, 21_600]

export class SendMeter implements AuditSink {
  readonly #counts: PartnerCounts<Result>
  readonly #times = new Histogram(limitsOfTimes)
  #bytes: Bytes = 0
  #isBegun = false

  constructor(labels: PartnerLabels) {
    this.#counts = new PartnerCounts(results, labels)
  }

  /** What happened before, in an earlier life, is told once more at a start: it does not count. */
  begin(): void {
    this.#isBegun = true
  }

  wants(event: string): boolean {
    return this.#isBegun && isResult(event)
  }

  append(entry: object): void {
    const { event, station, partner, size, sinceClosedMs } = entry as Partial<Record<string, unknown>>
    if (typeof event !== 'string' || !isResult(event)) return
    if (typeof station !== 'string' || typeof partner !== 'string') return
    this.#counts.add({ station, partner }, event)
    if (event !== 'submitted') return
    if (typeof size === 'number') this.#bytes += size
    if (typeof sinceClosedMs === 'number') this.#times.observe(sinceClosedMs)
  }

  /** Nothing of it is on its way anywhere. */
  flushed(): Promise<void> {
    return Promise.resolve()
  }

  tail(): Promise<readonly object[]> {
    return Promise.resolve([])
  }

  tell(samples: Samples): void {
    this.#counts.tell(samples, 'as2fs_sends_total')
    samples.add('as2fs_send_bytes_total', this.#bytes)
    samples.addHistogram('as2fs_send_duration_seconds', this.#times.figures)
  }
}

function isResult(event: string): event is Result {
  return (results as readonly string[]).includes(event)
}
