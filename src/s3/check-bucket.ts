/** One question to the bucket before it is mounted: mistakes are told then, not by the first `ls`. */
import { UsageError } from '../errors.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds, Prefix } from '../units.js'
import { StoreError } from './store-error.js'
import type { Store } from './store.js'

const patience: Milliseconds = 15_000

/** @throws UsageError if the bucket is not there, the keys are refused, or S3 can't be reached */
export async function checkBucket(store: Store, bucket: string, root: Prefix, log: Logger): Promise<void> {
  try {
    await store.list({ prefix: root, maxKeys: 1 }, AbortSignal.timeout(patience))
  } catch (error) {
    // Keys may be allowed less than the whole root: what they may not is shown as such where it is.
    if (error instanceof StoreError && error.s3Code === 'AccessDenied') {
      log.warn(error.message)
      return
    }
    const sentence = error instanceof Error ? error.message : String(error)
    throw new UsageError(`The bucket ${bucket} can't be mounted. ${sentence}`)
  }
}
