/** Variables that all of AWS's programs go by, where none of our options says otherwise. */
import { resolve } from 'node:path'
import { UsageError } from '../errors.js'
import * as parse from './parse.js'

export interface AwsEnvironment {
  /** As for `--endpoint`. */
  readonly endpoint: string | undefined
  /** As for `--ca-file`. */
  readonly caFile: string | undefined
}

/** @throws UsageError for an endpoint that is none */
export function awsEnvironment(env: Readonly<NodeJS.ProcessEnv>, cwd: string): AwsEnvironment {
  const bundle = env.AWS_CA_BUNDLE ?? ''
  return { endpoint: endpointIn(env), caFile: bundle === '' ? undefined : resolve(cwd, bundle) }
}

function endpointIn(env: Readonly<NodeJS.ProcessEnv>): string | undefined {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true') return undefined
  const name = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'].find((it) => (env[it] ?? '') !== '')
  if (name === undefined) return undefined
  try {
    return parse.endpoint(env[name] ?? '')
  } catch (error) {
    if (error instanceof parse.ParseError) throw new UsageError(`${name}: ${error.message}`)
    throw error
  }
}
