/** Flags, environment, file → the configuration of one mount. */
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { MountConfig } from '../config.js'
import { UsageError } from '../errors.js'
import { isLocal, shownAddress } from '../http/address.js'
import { stateDirectoryPath } from '../state/places.js'
import { awsPlaces, refuseInMounts, type Places } from './own-places.js'
import { awsEnvironment, refuseOtherEndpoint, type AwsEnvironment, type Named } from './aws-environment.js'
import { mountOptions, type OptionName, type OptionValues } from './options.js'
import * as parse from './parse.js'
import type { WordKey } from './settings-file.js'
import { fromEnvironment, settle, valueOf, type Source } from './settings.js'

export interface MountArguments {
  /** Undefined: the configuration file says it. */
  readonly bucket: string | undefined
  readonly mountpoint: string | undefined
  /** Flags and the words after `-o`. */
  readonly flags: ReadonlyMap<OptionName, readonly string[]>
}

/** What is to be mounted where, as far as it is said at all. */
export interface NamedMount {
  readonly bucket: string | undefined
  readonly mountpoint: string | undefined
  /** The configuration file, if there is one. */
  readonly file: string | undefined
}

/** On the command line, or in the configuration file. @throws UsageError for a file that can't be used */
export async function namedMount(
  { bucket, mountpoint, flags }: MountArguments,
  env: Readonly<NodeJS.ProcessEnv>,
  cwd: string,
): Promise<NamedMount> {
  const file =
    valueOf('config', { texts: flags, label: (name) => `--${name}`, base: cwd }) ??
    valueOf('config', fromEnvironment(env, cwd))
  if (file === undefined) return { bucket, mountpoint: mountpoint && (await realMountpoint(mountpoint, cwd)), file }
  await refuseInMounts(new Map([['--config', file]]), undefined)
  const { words } = (await import('./settings-file.js')).fromFile(file)
  const text = mountpoint ?? words.mountpoint
  const base = mountpoint === undefined ? dirname(file) : cwd
  return { bucket: bucket ?? words.bucket, mountpoint: text && (await realMountpoint(text, base)), file }
}

/** @throws UsageError one sentence for the first mistake */
export async function mountConfig(
  args: MountArguments,
  env: Readonly<NodeJS.ProcessEnv>,
  cwd: string,
): Promise<MountConfig> {
  const flags: Source = { texts: args.flags, label: (name) => `--${name}`, base: cwd }
  const environment = fromEnvironment(env, cwd)
  const file = valueOf('config', flags) ?? valueOf('config', environment)
  const given = args.mountpoint === undefined ? undefined : await realMountpoint(args.mountpoint, cwd)
  await refuseInMounts(new Map([['--config', file]]), given)
  // Few have such a file: what reads YAML is loaded for them.
  const settings = file === undefined ? undefined : (await import('./settings-file.js')).fromFile(file)
  const bucket = args.bucket ?? settings?.words.bucket ?? missing('bucket', file)
  const mountpoint =
    given ?? (await realMountpoint(settings?.words.mountpoint ?? missing('mountpoint', file), dirname(file ?? cwd)))
  const values = settle([flags, environment, ...(settings ? [settings.source] : [])])
  if (values.profile !== undefined && values['credentials-csv'] !== undefined) {
    throw new UsageError('--profile and --credentials-csv both name credentials: give one of them.')
  }
  if (values.commit !== 'trigger' && values['trigger-suffix'] !== mountOptions['trigger-suffix'].fallback) {
    throw new UsageError('--trigger-suffix has a meaning with --commit trigger only: give both, or neither.')
  }
  requireToken(values)
  await refuseInMounts(awsPlaces(env, cwd), mountpoint)
  // Here and not at the top: what reads ~/.aws is the SDK's.
  const { awsProfile } = await import('../s3/aws-profile.js')
  const profile = await awsProfile(values.profile, env)
  const config = configOf(
    said('The bucket', () => parse.bucket(bucket)),
    mountpoint,
    values,
    awsEnvironment(env, profile, cwd),
  )
  refuseOtherEndpoint(env, profile, config.endpointFrom)
  await refuseInMounts(ownPlaces(config), mountpoint)
  await refuseInMounts(new Map([['The mountpoint', dirname(mountpoint)]]), undefined)
  return config
}

function missing(word: WordKey, file: string | undefined): never {
  if (file === undefined) {
    throw new UsageError('Something is missing; the usage is: as2fs mount <bucket> <mountpoint> [options]')
  }
  const example = { bucket: 'mftg-acme', mountpoint: '/mnt/as2' }[word]
  throw new UsageError(`${file} has no ${word}: write '${word}: ${example}' there, or say it on the command line.`)
}

/** What is told is nobody else's business. @throws UsageError */
function requireToken({ http, 'http-token-file': tokenFile }: OptionValues): void {
  if (http === undefined && tokenFile !== undefined) {
    throw new UsageError('--http-token-file has a meaning with --http only: give both, or neither.')
  }
  if (http === undefined || tokenFile !== undefined || isLocal(http)) return
  const shown = shownAddress(http).replace(/^http:\/\/(.*)\/$/, '$1')
  throw new UsageError(
    `--http ${shown} can be reached by others: give --http-token-file as well, or listen at 127.0.0.1.`,
  )
}

function ownPlaces(config: MountConfig): Places {
  return new Map([
    ['--state-dir', stateDirectoryPath(config)],
    ['--log-file', config.logFile],
    ['--audit-log', config.auditLog],
    ['--disk-cache', config.diskCache],
    ['--credentials-csv', config.credentialsCsv],
    [config.caFile?.from ?? '--ca-file', config.caFile?.path],
    ['--http-token-file', config.httpTokenFile],
    ['--http', config.http?.kind === 'socket' ? config.http.path : undefined],
  ])
}

/** The path as the kernel knows it, without looking at what may be a dead mount on it. */
export async function realMountpoint(text: string, cwd: string): Promise<string> {
  if (text === '') throw new UsageError('The mountpoint is empty.')
  const path = resolve(cwd, text)
  const real = await realpath(path).catch(async () => {
    const parent = await realpath(dirname(path)).catch(() => dirname(path))
    return join(parent, basename(path))
  })
  return said('The mountpoint', () => parse.readable(real))
}

function given(value: string | undefined, from: string): Named | undefined {
  return value === undefined ? undefined : { value, from }
}

function said<T>(what: string, parsed: () => T): T {
  try {
    return parsed()
  } catch (error) {
    if (error instanceof parse.ParseError) throw new UsageError(`${what}: ${error.message}`)
    throw error
  }
}

function configOf(bucket: string, mountpoint: string, values: OptionValues, aws: AwsEnvironment): MountConfig {
  const endpoint = given(values.endpoint, '--endpoint') ?? aws.endpoint
  const caFile = given(values['ca-file'], '--ca-file') ?? aws.caFile
  return {
    bucket,
    mountpoint,
    endpoint: endpoint?.value,
    endpointFrom: endpoint?.from,
    caFile: caFile && { path: caFile.value, from: caFile.from },
    region: values.region,
    // Servers other than AWS seldom have a name in DNS for each bucket. An access point has one of its own.
    pathStyle: values['path-style'] ?? (endpoint !== undefined && !bucket.startsWith('arn:')),
    sdkReads: values['sdk-reads'],
    profile: values.profile,
    credentialsCsv: values['credentials-csv'],
    prefix: values.prefix,
    uid: values.uid,
    gid: values.gid,
    umask: values.umask,
    allowOther: values['allow-other'],
    readOnly: values['read-only'],
    xattr: values.xattr,
    stateDir: values['state-dir'],
    listTtl: values['list-ttl'],
    reconcile: values.reconcile,
    staleTtl: values['stale-ttl'],
    opTimeout: values['op-timeout'],
    cacheSize: values['cache-size'],
    diskCache: values['disk-cache'],
    diskCacheSize: values['disk-cache-size'],
    stations: values.station,
    mdnIndex: values['mdn-index'],
    mdnReads: values['mdn-reads'],
    newFrom: values['new-from'],
    newMoved: values['new-moved'],
    mdnOverdue: values['mdn-overdue'],
    mdnExpect: values['mdn-expect'],
    hold: values.hold,
    empty: values.empty,
    commit: values.commit,
    triggerSuffixes: values['trigger-suffix'],
    onDuplicate: values['on-duplicate'],
    multipartThreshold: values['multipart-threshold'],
    settle: values.settle,
    lostAnswer: values['lost-answer'],
    uploads: values.uploads,
    drain: values.drain,
    auditLog: values['audit-log'],
    http: values.http,
    httpTokenFile: values['http-token-file'],
    logLevel: values['log-level'],
    logFile: values['log-file'],
  }
}
