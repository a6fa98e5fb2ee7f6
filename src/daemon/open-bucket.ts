/** The bucket of a mount: where it is, with which keys, and what is known of how it answers. */
import type { MountConfig } from '../config.js'
import { BucketClock } from '../s3/bucket-clock.js'
import { csvCredentials, type CredentialSource } from '../s3/credentials.js'
import { HealthWatch } from '../s3/health.js'
import { networkOf, requestHandler, type Network } from '../s3/network.js'
import { Pulse } from '../s3/pulse.js'
import { BucketRegion, givenRegion, regionOfArn } from '../s3/region.js'
import { RequestCounter } from '../s3/request-counter.js'
import { createSdkStore } from '../s3/sdk-store.js'
import type { Store } from '../s3/store.js'
import { Traffic } from '../s3/traffic.js'
import { systemClock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'

export interface Bucket {
  /** Watched by `health` and `pulse`. */
  readonly store: Store
  readonly health: HealthWatch
  readonly pulse: Pulse
  /** Told of all that `store` sends. */
  readonly requests: RequestCounter
  /** The same. */
  readonly traffic: Traffic
  readonly clock: BucketClock
  readonly region: BucketRegion
  readonly credentials: CredentialSource
  readonly network: Network
}

/** @throws UsageError for certificates that can't be read */
export async function openBucket(config: MountConfig, log: Logger): Promise<Bucket> {
  const { bucket, endpoint, pathStyle, sdkReads, profile, opTimeout } = config
  const clock = new BucketClock(systemClock)
  const traffic = new Traffic(systemClock)
  const health = new HealthWatch(systemClock, traffic)
  const pulse = new Pulse(systemClock)
  const requests = new RequestCounter(systemClock)
  const network = networkOf({ caFile: config.caFile })
  const region = new BucketRegion(regionOfArn(bucket) ?? (await givenRegion(config.region, profile)), log)
  const credentials = await credentialsOf(config, network)
  const where = { bucket, endpoint, region, pathStyle, sdkReads, profile, credentials, network, patience: opTimeout }
  const store = pulse.watch(health.watch(createSdkStore({ ...where, traffic, requests, bucketClock: clock })))
  return { store, health, pulse, requests, traffic, clock, region, credentials, network }
}

async function credentialsOf(
  { credentialsCsv, profile, opTimeout }: MountConfig,
  network: Network,
): Promise<CredentialSource> {
  if (credentialsCsv !== undefined) return csvCredentials(credentialsCsv)
  // Here and not at the top: the SDK's whole chain, of which a file of keys needs nothing.
  const { defaultCredentials } = await import('../s3/default-credentials.js')
  // Half of what a call has: there must be time left to say so, or to serve what is known.
  return defaultCredentials({ profile, patience: opTimeout / 2, handler: requestHandler(network), clock: systemClock })
}
