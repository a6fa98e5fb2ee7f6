/** What all of AWS's programs go by, where none of our options says otherwise: variables, and what a profile says. */
import { resolve } from 'node:path'
import { UsageError } from '../errors.js'
import type { AwsProfile } from '../s3/aws-profile.js'
import * as parse from './parse.js'

/** A value, and who said so: `AWS_CA_BUNDLE`, `the profile acme`. */
export interface Named {
  readonly value: string
  readonly from: string
}

export interface AwsEnvironment {
  /** As for `--endpoint`. */
  readonly endpoint: Named | undefined
  /** As for `--ca-file`. */
  readonly caFile: Named | undefined
}

type Env = Readonly<NodeJS.ProcessEnv>

/** @throws UsageError for an endpoint that is none, and for a choice that can't be meant */
export function awsEnvironment(env: Env, profile: AwsProfile, cwd: string): AwsEnvironment {
  const bundle = firstOf(variable(env, 'AWS_CA_BUNDLE'), inProfile(profile, 'ca_bundle'))
  const endpoint = endpointIn(env, profile)
  return { endpoint, caFile: bundle && { ...bundle, value: resolve(cwd, bundle.value) } }
}

/**
 * Endpoints of AWS's own that a variable or a profile asks for: the SDK finds them, and refuses each request with another.
 * @param endpoint who names one, if it is not AWS's
 * @throws UsageError
 */
export function refuseOtherEndpoint(env: Env, profile: AwsProfile, endpoint: string | undefined): void {
  for (const key of ['use_fips_endpoint', 'use_dualstack_endpoint']) {
    const asked = firstOf(variable(env, `AWS_${key.toUpperCase()}`), inProfile(profile, key))
    if (!asked) continue
    if (!['true', 'false'].includes(asked.value)) {
      throw new UsageError(`${asked.from} says ${key}=${asked.value}: write true or false.`)
    }
    if (asked.value === 'true' && endpoint !== undefined) {
      const kind = key === 'use_fips_endpoint' ? 'a FIPS' : 'a dual-stack'
      throw new UsageError(
        `${asked.from} asks for ${kind} endpoint of AWS, ${endpoint} names another server: take one of them away.`,
      )
    }
  }
}

/** In the order of the SDKs: S3's own before all services', variables before the profile. */
function endpointIn(env: Env, profile: AwsProfile): Named | undefined {
  const ignored = firstOf(
    variable(env, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'),
    inProfile(profile, 'ignore_configured_endpoint_urls'),
  )
  if (ignored?.value.toLowerCase() === 'true') return undefined
  const own = profile.s3Value('endpoint_url')
  const named = firstOf(
    variable(env, 'AWS_ENDPOINT_URL_S3'),
    variable(env, 'AWS_ENDPOINT_URL'),
    own === undefined ? undefined : { value: own, from: fromProfile(profile) },
    inProfile(profile, 'endpoint_url'),
  )
  if (!named) return undefined
  try {
    return { ...named, value: parse.endpoint(named.value) }
  } catch (error) {
    if (error instanceof parse.ParseError) throw new UsageError(`${named.from}: ${error.message}`)
    throw error
  }
}

function firstOf(...found: readonly (Named | undefined)[]): Named | undefined {
  return found.find((it) => it !== undefined)
}

function variable(env: Env, name: string): Named | undefined {
  const value = env[name]?.trim() ?? ''
  return value === '' ? undefined : { value, from: name }
}

function inProfile(profile: AwsProfile, key: string): Named | undefined {
  const value = profile.value(key)
  return value === undefined ? undefined : { value, from: fromProfile(profile) }
}

function fromProfile({ name }: AwsProfile): string {
  return `the profile ${name}`
}
