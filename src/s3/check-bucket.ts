/** One question to the bucket when it is mounted: mistakes are told then, not by the first `ls`. */
import { timeLimit } from '../patience.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds, Prefix } from '../units.js'
import { NetworkFailure } from './network-failure.js'
import { StoreError } from './store-error.js'
import type { Store } from './store.js'

const patience: Milliseconds = 15_000

interface BucketAnswer {
  /** One sentence if the bucket is not there, the keys are refused, or S3 can't be reached; undefined if we are let in. */
  readonly problem: string | undefined
  /** Directly below the root; undefined if they may not be listed. */
  readonly folders: readonly Prefix[] | undefined
}

interface WhereBucket {
  readonly bucket: string
  readonly endpoint: string | undefined
  /** Who names it. */
  readonly endpointFrom: string | undefined
}

/** @returns one sentence if the bucket is not there, the keys are refused, or S3 can't be reached; undefined if we are let in */
export async function checkBucket(store: Store, where: WhereBucket, root: Prefix, log: Logger): Promise<BucketAnswer> {
  try {
    const page = await store.list({ prefix: root, delimiter: '/', maxKeys: 100, failsFast: true }, timeLimit(patience))
    return { problem: undefined, folders: page.prefixes }
  } catch (error) {
    // Keys may be allowed less than the whole root: what they may not is shown as such where it is.
    if (error instanceof StoreError && error.s3Code === 'AccessDenied') {
      log.warn(error.message)
      return { problem: undefined, folders: undefined }
    }
    return { problem: bucketProblem(error, where), folders: undefined }
  }
}

/** What a failure means for who is about to mount. */
export function bucketProblem(
  error: unknown,
  { bucket, endpoint = 'AWS', endpointFrom = '--endpoint' }: WhereBucket,
): string {
  if (!(error instanceof StoreError)) return `The bucket ${bucket} can't be used: ${String(error)}.`
  // Of what is wrong on this side, such as the credentials' file, its own sentence says all.
  if (error.reason === undefined) return error.message
  const hint = hintFor(error, endpoint, endpointFrom)
  return `The bucket ${bucket} can't be used: ${error.reason}${hint}.`
}

function hintFor({ failure, s3Code, cause }: StoreError, server: string, from: string): string {
  // It names who could not be reached.
  if (cause instanceof NetworkFailure) return ''
  if (failure === 'transient') return `; it is looked for at ${server} (${from})`
  return s3Code === 'NoSuchBucket' ? `; check its name, and that ${server} is where it is (${from})` : ''
}
