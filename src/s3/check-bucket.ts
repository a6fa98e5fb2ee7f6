/** One question to the bucket before it is mounted: mistakes are told then, not by the first `ls`. */
import { UsageError } from '../errors.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds, Prefix } from '../units.js'
import { StoreError } from './store-error.js'
import type { Store } from './store.js'

const patience: Milliseconds = 15_000

/** @throws UsageError if the bucket is not there, the keys are refused, or S3 can't be reached */
export async function checkBucket(
  store: Store,
  { bucket, endpoint }: { readonly bucket: string; readonly endpoint: string | undefined },
  root: Prefix,
  log: Logger,
): Promise<void> {
  try {
    await store.list({ prefix: root, maxKeys: 1 }, AbortSignal.timeout(patience))
  } catch (error) {
    // Keys may be allowed less than the whole root: what they may not is shown as such where it is.
    if (error instanceof StoreError && error.s3Code === 'AccessDenied') {
      log.warn(error.message)
      return
    }
    throw new UsageError(sentence(error, bucket, endpoint))
  }
}

function sentence(error: unknown, bucket: string, endpoint: string | undefined): string {
  if (!(error instanceof StoreError)) return `The bucket ${bucket} can't be mounted: ${String(error)}.`
  // Of what is wrong on this side, such as the credentials' file, its own sentence says all.
  if (error.reason === undefined) return error.message
  const hint = hintFor(error, endpoint ?? 'AWS')
  return `The bucket ${bucket} can't be mounted: ${error.reason}${hint}.`
}

function hintFor({ failure, s3Code }: StoreError, server: string): string {
  if (failure === 'transient') return `; it is looked for at ${server} (--endpoint)`
  return s3Code === 'NoSuchBucket' ? `; check its name, and that ${server} is where it is (--endpoint)` : ''
}
