/** The look for the bucket at a start: whoever mounts for the first time must find it, later mounts need it no more. */
import type { MountConfig } from '../config.js'
import { UsageError } from '../errors.js'
import { inTime, late } from '../patience.js'
import { checkBucket } from '../s3/check-bucket.js'
import type { StateDirectory } from '../state/state-directory.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import type { Bucket } from './open-bucket.js'

/** A bucket that is well answers within that; in an outage the mount is there so much later. */
const patience: Milliseconds = 2_000

export interface FirstLook {
  /** Why the mount begins without its bucket, in one sentence; undefined if it was found. */
  readonly missing: string | undefined
  /** What is below the prefix, if that is known. */
  readonly folders: readonly string[] | undefined
}

/**
 * @throws UsageError that sentence, at the first mount of the state directory
 */
export async function firstLook(
  { store, health }: Bucket,
  state: StateDirectory,
  config: MountConfig,
  log: Logger,
): Promise<FirstLook> {
  const look = checkBucket(store, config, config.prefix, log)
  if (!state.isBucketKnown) {
    const { problem, folders } = await look
    if (problem !== undefined) throw new UsageError(problem)
    await remembered(state, log)
    return { missing: undefined, folders }
  }
  const found = await inTime(look, patience)
  const problem = found === late ? `The bucket ${config.bucket} does not answer.` : found.problem
  const folders = found === late ? undefined : found.folders
  if (problem === undefined) return { missing: undefined, folders }
  if (health.health.state === 'ok') health.expectAnswer(problem)
  log.warn(`${problem} Mounted all the same: what is written to send/ is kept, and sent when the bucket is back.`)
  return { missing: problem, folders }
}

/** On a full disk the next mount must find it once more. */
async function remembered(state: StateDirectory, log: Logger): Promise<void> {
  await state.bucketFound().catch((err: unknown) => {
    log.warn({ err }, 'That the bucket was found could not be written down: the next mount must find it again.')
  })
}
