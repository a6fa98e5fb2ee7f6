/** What the daemon tells about itself: `.as2fs/*.json` through the mount, and the control socket. All of it is JSON. */
import type { DeliveryState } from '../delivery/delivery.js'
import type { Partner } from '../view/partner.js'
import type { ListingStatus } from '../listing/listing.js'
import type { ReceiptCounts } from '../mdn/receipts.js'
import type { SendCounts, SendRow, SendState } from '../send/sender.js'
import type { Bytes, EpochMs, Milliseconds } from '../units.js'

/** Numbers of calls of the kernel. */
interface KernelCalls {
  readonly calls: number
  /** Beside those: calls that the binding answered by itself: from folders read before, reads of files that it was given, closes of objects. */
  readonly answeredByBinding: number
  readonly failed: number
  readonly timedOut: number
  readonly underWay: number
}

/** What may keep a mount from being well: one word for monitoring, where people are told a sentence. */
export const healthReasons = [
  'bucket',
  'credentials',
  'prefix',
  'uploads',
  'listing',
  'audit',
  'events',
  'send',
  'receipts',
  'deliveries',
  'new',
  'put-aside',
  'http',
  'failed',
  'binding',
] as const
export type HealthReason = (typeof healthReasons)[number]

export interface Problem {
  readonly reason: HealthReason
  /** For a person. */
  readonly sentence: string
  /** Since when, where that is known: of the bucket and the keys to it. */
  readonly since?: EpochMs
}

/** Whether a mount is well: `/healthz`, and the beginning of `status`. */
export interface HealthReport {
  readonly state: 'ok' | 'degraded' | 'stopping'
  /** Empty when all is well; several may have the same reason. */
  readonly reasons: readonly Problem[]
}

/** `.as2fs/status.json`. Fields that are undefined are left out of the JSON. */
export interface StatusReport {
  readonly version: string
  readonly pid: number
  readonly bucket: string
  /** Undefined: AWS. */
  readonly endpoint: string | undefined
  /** Who named it: `--endpoint`, `AWS_ENDPOINT_URL_S3`, `the profile acme`. */
  readonly endpointFrom: string | undefined
  /** By which S3 was asked last, if by one; without its user and password. */
  readonly proxy: string | undefined
  /** As it was given, or as the bucket named it. */
  readonly region: string
  readonly prefix: string
  readonly mountpoint: string
  readonly stateDirectory: string
  /** When it was mounted. */
  readonly since: EpochMs
  readonly state: HealthReport['state']
  /** Sentences; empty when all is well. */
  readonly problems: readonly string[]
  /** The same, each with what it is about. */
  readonly reasons: readonly Problem[]
  /** What the S3 server was found not to do and how that is gone around, and that it has nothing yet: sentences, and no problems. */
  readonly server: readonly string[]
  /** Whether fuse-native has the patch for a fixed pool of threads. */
  readonly binding: 'compiled' | 'stock'
  /** Calls of the kernel since the mount. */
  readonly calls: KernelCalls | undefined
  readonly listings: readonly ListingStatus[]
  readonly requests: RequestsReport
  readonly send: SendCounts
  /** Undefined with `--mdn-index off`. */
  readonly receipts: ReceiptCounts | undefined
  readonly cache: CacheReport
  /** Where the HTTP server listens; undefined without `--http`, or while it can't. */
  readonly http: string | undefined
}

/** What was asked of S3, each try counted, by kind (`list`, `get`, `put`, `uploadPart`…). */
export interface RequestsReport {
  readonly sinceMount: Readonly<Record<string, number>>
  readonly lastHour: Readonly<Record<string, number>>
  /** How long that is of which `lastHour` tells: less than an hour if it was mounted later. */
  readonly span: Milliseconds
  /** At S3's list prices, if it goes on as in `lastHour`; undefined in the first minute. */
  readonly dollarsADay: number | undefined
}

interface CacheReport {
  readonly used: Bytes
  readonly budget: Bytes
  /** Bytes fetched before anybody asked for them, since the mount; of those, what nobody has read so far. */
  readonly ahead: Bytes
  readonly wasted: Bytes
  /** Since the mount, blocks that somebody wanted to read: in memory, on their way already, and neither. */
  readonly hits: number
  readonly joined: number
  readonly misses: number
  /** With `--disk-cache`: `hits` are blocks that came from it, `misses` others, `damaged` and `dropped` such that were not kept. */
  readonly disk?: {
    readonly used: Bytes
    readonly limit: Bytes
    readonly hits: number
    readonly misses: number
    readonly damaged: number
    readonly dropped: number
  }
}

/** `.as2fs/queue.json`. */
export interface QueueReport {
  readonly generatedAt: EpochMs
  readonly rows: readonly SendRow[]
}

/** The first rows of the queue, those first that somebody has to look at. */
export interface QueuePage extends QueueReport {
  readonly counts: SendCounts
}

/** What is known of one path beyond its bytes. Fields that are undefined are left out of the JSON. */
export interface InfoReport {
  /** Path in the mount, from `/`. */
  readonly path: string
  readonly kind: 'file' | 'folder'
  readonly size: Bytes
  readonly mtime: EpochMs
  /** Where it is in the bucket: a key, or the prefix of a folder. */
  readonly key?: string | undefined
  readonly etag?: string | undefined
  readonly station?: string | undefined
  readonly partner?: string | undefined
  /** Of a file in `send/`. */
  readonly state?: SendState | undefined
  /** Of a file in `send/`: why it is held, or what went wrong. One sentence. */
  readonly reason?: string | undefined
  readonly messageId?: string | undefined
  /** When the gateway's lifecycle deletes it. */
  readonly expires?: EpochMs | undefined
  /** Of an MDN. */
  readonly disposition?: string | undefined
  /** Of an MDN that says several things: all of them; `disposition` is the worst. */
  readonly contradictory?: readonly string[] | undefined
  /** Of an MDN: the message that it answers. */
  readonly originalMessageId?: string | undefined
  /** Of an MDN: the path of the message that it answers, if the outbox has it. */
  readonly answered?: string | undefined
  /** Of an MDN: the digest of what was received, as written. */
  readonly mic?: string | undefined
  /** Of a message: the path of its MDN in the mount; of one that was sent and has several, the one that tells. */
  readonly mdn?: string | undefined
  /** Of a message that was sent: what became of it. */
  readonly delivery?: DeliveryState | undefined
  /** Of a message with several MDNs: what all of them say, latest last. */
  readonly receipts?: readonly string[] | undefined
}

/** One message of an outbox, and what became of it. Fields that are undefined are left out of the JSON. */
export interface DeliveryRow extends Partner {
  readonly state: DeliveryState
  /** Of its files; as they are in the outbox, below the message's folder. */
  readonly names: readonly string[]
  readonly size: Bytes
  /** The folder; undefined where the outbox has none, and nobody can say which receipt answers it. */
  readonly message: string | undefined
  readonly messageId: string | undefined
  /** When this mount's program closed the file, by this machine's clock; undefined of what another has sent. */
  readonly closedAt?: EpochMs | undefined
  /** When it came to be in the outbox, by the bucket's time. */
  readonly sentAt: EpochMs
  /** Of the receipt that tells. */
  readonly disposition: string | undefined
  readonly mdnAt: EpochMs | undefined
}

export interface DeliveriesReport {
  readonly generatedAt: EpochMs
  /** Receipts that are not read yet: some rows may say less than they will. */
  readonly left: number
  /** The latest first. */
  readonly rows: readonly DeliveryRow[]
  /** Sentences: whose outbox could not be looked at. */
  readonly missing: readonly string[]
}

/** Which rows are wanted. */
export interface DeliveriesQuery {
  readonly partner: Partner | undefined
  readonly state: DeliveryState | undefined
  /** By `sentAt`, not before that. */
  readonly since: EpochMs | undefined
}

/** Which messages are wanted, some at a time. */
export interface DeliveriesPageQuery {
  /** Of all by default. */
  readonly partner: Partner | undefined
  /** Undefined: all. */
  readonly states: readonly DeliveryState[] | undefined
  readonly since: EpochMs | undefined
  /** Rows. */
  readonly most: number
  /** The `next` of the page before; null: the first one. */
  readonly after: string | null
}

export interface DeliveriesPage extends DeliveriesReport {
  /** Of all since then, whichever are wanted. */
  readonly counts: Readonly<Record<DeliveryState, number>>
  /** What is to be given as `after` for the next page; undefined: this was the last. */
  readonly next: string | undefined
}

export interface ArrivalsQuery {
  readonly since: EpochMs | undefined
  readonly most: number
}

/** A document that came in. */
export interface ArrivalRow extends Partner {
  readonly name: string
  /** In the mount. */
  readonly path: string
  readonly size: Bytes
  /** LastModified. */
  readonly at: EpochMs
}

export interface ArrivalsReport {
  readonly generatedAt: EpochMs
  /** Since then, whether they are in `rows` or not. */
  readonly count: number
  /** The latest first. */
  readonly rows: readonly ArrivalRow[]
  /** Sentences: what could not be looked at. */
  readonly missing: readonly string[]
}

/** How much is in one partner's new/, or why that can't be told. */
export type NewRow = { readonly station: string; readonly partner: string } & (
  { readonly waiting: number; readonly taken: number } | { readonly error: string }
)

/** `as2fs new` */
export interface NewReport {
  readonly rows: readonly NewRow[]
}

/** The answer to a request to unmount. */
export interface UnmountReport {
  /** Files that are still in the spool: sent at the next mount, or waiting for somebody. */
  readonly remaining: readonly SendRow[]
}
