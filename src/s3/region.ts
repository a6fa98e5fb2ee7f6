/** The region of the bucket: as it was given, until the bucket's own answer names another. */
import type { Logger } from '../telemetry/log.js'
import { awsProfile } from './aws-profile.js'
import { S3Refusal } from './s3-refusal.js'
import type { StoreError } from './store-error.js'

/** Where requests are signed for while nothing is known: AWS redirects from there. */
const firstGuess = 'us-east-1'
/** Of S3, for a request that was signed for, or sent to, another region than the bucket's. */
const wrongRegion = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
])

/** Whether S3 has refused a request for where it went, or what it was signed for. */
export function isOfRegion({ s3Code }: StoreError): boolean {
  return wrongRegion.has(s3Code)
}

export interface GivenRegion {
  readonly region: string
  /** Where it is from: `--region`, a variable, a profile. */
  readonly from: string
}

/** `--region`, else AWS_REGION, AWS_DEFAULT_REGION, the profile's; undefined: the bucket's own answer tells it. */
export async function givenRegion(
  region: string | undefined,
  profile: string | undefined,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<GivenRegion | undefined> {
  if (region !== undefined) return { region, from: '--region' }
  for (const from of ['AWS_REGION', 'AWS_DEFAULT_REGION']) {
    const value = env[from]?.trim() ?? ''
    if (value !== '') return { region: value, from }
  }
  const found = await awsProfile(profile, env)
  const value = found.value('region')
  return value === undefined ? undefined : { region: value, from: `the profile ${found.name}` }
}

/** An access point is in the region that its ARN names. */
export function regionOfArn(bucket: string): GivenRegion | undefined {
  const region = /^arn:[^:]*:s3:([^:]+):/.exec(bucket)?.[1]
  return region === undefined ? undefined : { region, from: 'the ARN' }
}

export class BucketRegion {
  readonly #given: GivenRegion | undefined
  readonly #log: Pick<Logger, 'info' | 'warn'>
  #current: string

  constructor(given: GivenRegion | undefined, log: Pick<Logger, 'info' | 'warn'>) {
    this.#given = given
    this.#log = log
    this.#current = given?.region ?? firstGuess
  }

  get current(): string {
    return this.#current
  }

  /**
   * Whether a failure names another region than the request was meant for; from then on it is the one.
   * @param asked the region of the request that failed
   */
  learn(error: unknown, asked: string): boolean {
    const named = regionNamedIn(error)
    if (named === undefined || named === asked) return false
    // Another request may have learnt it meanwhile.
    if (named !== this.#current) this.#change(named)
    return true
  }

  #change(region: string): void {
    const given = this.#given
    if (given) {
      const sentence = `The bucket is in the region ${region}, and not in ${given.region} (${given.from}): going on with ${region}.`
      this.#log.warn(sentence)
    } else this.#log.info({ region }, 'The bucket has named its region.')
    this.#current = region
  }
}

function regionNamedIn(error: unknown): string | undefined {
  if (!(error instanceof S3Refusal)) return undefined
  const { name, said, $response: answer } = error
  // The answer to a HEAD has no word of why.
  const isHead = said.size === 0 && [301, 307, 400].includes(answer.statusCode)
  if (!wrongRegion.has(name) && !isHead) return undefined
  const named = answer.headers['x-amz-bucket-region'] ?? said.get('Region') ?? regionOf(said.get('Endpoint'))
  return named !== undefined && /^[a-z0-9-]{1,64}$/i.test(named) ? named : undefined
}

/** `bucket.s3.eu-central-1.amazonaws.com`, `bucket.s3-eu-west-1.amazonaws.com` */
function regionOf(endpoint: string | undefined): string | undefined {
  return /\.s3[.-]([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(endpoint ?? '')?.[1]
}
