/** What the daemon tells about itself: `.as2fs/*.json` through the mount, and the control socket. All of it is JSON. */
import type { ListingStatus } from '../listing/listing.js'
import type { ReceiptCounts } from '../mdn/receipts.js'
import type { SendCounts, SendRow, SendState } from '../send/sender.js'
import type { Bytes, EpochMs, Milliseconds } from '../units.js'

/** Numbers of calls of the kernel. */
interface KernelCalls {
  readonly calls: number
  /** Beside those: calls that the binding answered from folders read before. */
  readonly answeredByBinding: number
  readonly failed: number
  readonly timedOut: number
  readonly underWay: number
}

/** `.as2fs/status.json`. Fields that are undefined are left out of the JSON. */
export interface StatusReport {
  readonly version: string
  readonly pid: number
  readonly bucket: string
  /** Undefined: AWS. */
  readonly endpoint: string | undefined
  /** As it was given, or as the bucket named it. */
  readonly region: string
  readonly prefix: string
  readonly mountpoint: string
  readonly stateDirectory: string
  /** When it was mounted. */
  readonly since: EpochMs
  readonly state: 'ok' | 'degraded' | 'stopping'
  /** Sentences; empty when all is well. */
  readonly problems: readonly string[]
  /** What the S3 server was found not to do, and how that is gone around: sentences, and no problems. */
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
  /** With `--disk-cache`: `hits` are blocks that came from it, `damaged` and `dropped` such that were not kept. */
  readonly disk?: {
    readonly used: Bytes
    readonly limit: Bytes
    readonly hits: number
    readonly damaged: number
    readonly dropped: number
  }
}

/** `.as2fs/queue.json`. */
export interface QueueReport {
  readonly generatedAt: EpochMs
  readonly rows: readonly SendRow[]
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
  /** Of a message: the path of its MDN in the mount. */
  readonly mdn?: string | undefined
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
