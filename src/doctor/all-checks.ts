/** All checks, in the order in which they are shown. */
import type { MountConfig } from '../config.js'
import { openBucket, type Bucket } from '../daemon/open-bucket.js'
import { UsageError } from '../errors.js'
import { addressOf } from '../s3/first-contact.js'
import { UnusableProxy, type Proxies, type Proxy } from '../s3/proxies.js'
import type { Logger } from '../telemetry/log.js'
import { bucketChecks } from './bucket.js'
import { failure, ok, skipped, type Check } from './check.js'
import { credentialsChecks } from './credentials.js'
import { httpChecks } from './http.js'
import { machineChecks } from './machine.js'
import { mountpointChecks } from './mountpoint.js'
import { mountsChecks, type RunningMount } from './mounts.js'
import { networkChecks, type Destination } from './network.js'
import { stateChecks } from './state.js'
import { viewChecks } from './views.js'

/** `--uploads` as it is by itself. */
const usualUploads = 8

/** What is to be mounted, as far as it could be made out. */
export type Subject =
  | { readonly kind: 'none' }
  /** One sentence of what is wrong with the options, or the configuration file. */
  | { readonly kind: 'mistake'; readonly sentence: string }
  | {
      readonly kind: 'mount'
      readonly config: MountConfig
      /** Undefined: none was named. */
      readonly mountpoint: string | undefined
      /** `--config` */
      readonly file: string | undefined
    }

export interface Surroundings {
  readonly findMounts: () => Promise<readonly RunningMount[]>
  readonly now: () => number
  readonly log: Logger
}

/** @param close gives back what the checks have opened */
export async function allChecks(
  subject: Subject,
  { findMounts, now, log }: Surroundings,
): Promise<{ readonly checks: readonly Check[]; readonly close: () => void }> {
  const mounts = mountsChecks(findMounts)
  if (subject.kind !== 'mount') {
    const options: Check = { name: 'options', group: 'machine', run: async () => optionsFound(subject) }
    return {
      checks: [...machineChecks({ allowOther: false, uploads: usualUploads }), options, ...mounts],
      close: () => undefined,
    }
  }
  const { config, mountpoint, file } = subject
  const bucket = await openBucket(config, log)
  const checks: readonly Check[] = [
    ...machineChecks(config),
    {
      name: 'options',
      group: 'machine',
      run: async () => ok(file === undefined ? 'as given' : `as given, and as ${file} has them`),
    },
    ...httpChecks(config),
    ...(mountpoint === undefined ? [] : mountpointChecks(config.bucket, mountpoint)),
    ...stateChecks(config, mountpoint),
    ...networkChecks(() => destinationOf(config, bucket), bucket.network, now),
    ...credentialsChecks(bucket.credentials, config.credentialsCsv),
    ...bucketChecks(config, bucket),
    ...viewChecks(config, bucket.store),
    ...mounts,
  ]
  return { checks, close: () => bucket.store.close() }
}

function optionsFound(subject: Exclude<Subject, { kind: 'mount' }>) {
  if (subject.kind === 'mistake')
    return [failure(subject.sentence), skipped('the bucket and its state are not looked at before this is well')]
  return skipped('no bucket was named, so neither it nor its state is looked at: as2fs doctor BUCKET')
}

async function destinationOf(
  { bucket: name, endpoint, endpointFrom, pathStyle, profile }: MountConfig,
  { region, credentials, network }: Bucket,
): Promise<Destination> {
  const url = await addressOf(name, { endpoint, region, pathStyle, profile, credentials, network })
  return { url, from: endpointFrom ?? 'AWS', proxy: proxyTo(url, network.proxies) }
}

/** @throws UsageError for a variable that names none */
function proxyTo({ protocol, hostname, port }: URL, proxies: Proxies): Proxy | undefined {
  const isSecure = protocol === 'https:'
  const host = hostname.replace(/^\[|\]$/g, '')
  try {
    return proxies.for({ isSecure, host, port: port === '' ? (isSecure ? 443 : 80) : Number(port) })
  } catch (error) {
    throw error instanceof UnusableProxy ? new UsageError(`${error.message}.`) : error
  }
}
