/** One mount, as the command line, the environment and the configuration file describe it: parsed, absolute, complete. */
import type { HttpAddress } from './http/address.js'
import type { LogLevel } from './telemetry/log.js'
import type { Bytes, Milliseconds, Prefix } from './units.js'
import type { Partner } from './view/partner.js'

/** Whether what the bucket had before the first mount counts as new. */
type NewFromPolicy = 'all' | 'mount'
/** Whether what was moved into a folder that was made in new/ counts as taken. */
export type NewMovedPolicy = 'keep' | 'taken'
/** What happens to an empty file in `send/`. */
export type EmptyPolicy = 'hold' | 'send' | 'reject'
/** When a file in `send/` is finished: at its last close, once it is renamed, or once its trigger is made beside it. */
export type CommitPolicy = 'close' | 'rename' | 'trigger'
/** What happens to a name that was sent within six hours. */
export type DuplicatePolicy = 'reject' | 'suffix' | 'send'

export interface MountConfig {
  readonly bucket: string
  /** Absolute. */
  readonly mountpoint: string
  /** URL without a trailing slash; undefined: AWS's own for the region. */
  readonly endpoint: string | undefined
  /** Who names it: `--endpoint`, `AWS_ENDPOINT_URL_S3`, `the profile acme`; undefined: nobody. */
  readonly endpointFrom: string | undefined
  /** `--region`; undefined: the environment's, the profile's, or what the bucket says. */
  readonly region: string | undefined
  /** Absolute path of certificates in PEM, and who names it; undefined: the system's and Node's are trusted. */
  readonly caFile: { readonly path: string; readonly from: string } | undefined
  readonly pathStyle: boolean
  /** Objects are read with the AWS SDK alone. */
  readonly sdkReads: boolean
  /** Name of a profile in ~/.aws; undefined: the SDK's default chain. */
  readonly profile: string | undefined
  /** Absolute path of the CSV from the gateway's S3 Integration page. */
  readonly credentialsCsv: string | undefined
  /** The gateway's root in the bucket, `AS2/`. */
  readonly prefix: Prefix
  readonly uid: number
  readonly gid: number
  readonly umask: number
  readonly allowOther: boolean
  readonly readOnly: boolean
  /** What `as2fs info` tells is told as extended attributes, too. */
  readonly xattr: boolean
  /** Absolute; undefined: made from bucket, endpoint and prefix (`state/state-directory.ts`). */
  readonly stateDir: string | undefined
  readonly listTtl: Milliseconds
  /** How often the whole of a view is listed, while somebody looks at it. */
  readonly reconcile: Milliseconds
  readonly staleTtl: Milliseconds
  readonly opTimeout: Milliseconds
  readonly cacheSize: Bytes
  /** Absolute; undefined: contents are kept in memory only. */
  readonly diskCache: string | undefined
  readonly diskCacheSize: Bytes
  /** Pairs that are shown whether the bucket has them or not. */
  readonly stations: readonly Partner[]
  /** Receipts are read. */
  readonly mdnIndex: 'on' | 'off'
  /** So many at a time. */
  readonly mdnReads: number
  readonly newFrom: NewFromPolicy
  readonly newMoved: NewMovedPolicy
  /** After so long a message without a receipt is overdue; undefined: never. */
  readonly mdnOverdue: Milliseconds | undefined
  /** Of whom receipts are expected: of those who ever sent one, of all, of nobody. */
  readonly mdnExpect: 'seen' | 'always' | 'never'
  /** Glob patterns of names that look unfinished. */
  readonly hold: readonly string[]
  readonly empty: EmptyPolicy
  readonly commit: CommitPolicy
  /** Of the triggers of `--commit trigger`. */
  readonly triggerSuffixes: readonly string[]
  readonly onDuplicate: DuplicatePolicy
  readonly multipartThreshold: Bytes
  readonly settle: Milliseconds
  readonly lostAnswer: Milliseconds
  /** Uploads at the same time. */
  readonly uploads: number
  readonly drain: Milliseconds
  /** Absolute; undefined: none is kept. */
  readonly auditLog: string | undefined
  /** Undefined: no HTTP server. */
  readonly http: HttpAddress | undefined
  /** Absolute; undefined: whoever reaches it is let in. */
  readonly httpTokenFile: string | undefined
  readonly logLevel: LogLevel
  /** Absolute; undefined: stderr in the foreground, `as2fs.log` in the state directory otherwise. */
  readonly logFile: string | undefined
}
