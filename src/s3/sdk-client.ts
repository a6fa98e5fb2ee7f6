/** The SDK's client, as it is used here. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import type { CredentialSource } from './credentials.js'
import { networkOf, requestHandler, type Network } from './network.js'
import type { BucketRegion } from './region.js'
import { StoreError } from './store-error.js'

export interface SdkClientOptions {
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  /** Whether the server takes all that AWS takes; by default where there is no endpoint. */
  readonly isAws?: boolean
  /** A name alone is gone on with whatever the bucket says. */
  readonly region: string | BucketRegion
  readonly pathStyle: boolean
  /** Whose use_fips_endpoint and use_dualstack_endpoint count, where no variable says so; undefined: the default one. */
  readonly profile?: string | undefined
  readonly credentials: CredentialSource
  readonly network?: Network
}

export function createSdkClient(options: SdkClientOptions): S3Client {
  // Of the SDK's future on Node 20, which is no news for who mounts a bucket. @see the SDK's emitWarningIfUnsupportedVersion
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const client = new S3Client(clientConfig(options))
  if (typeof options.region !== 'string') followRegion(client, options.region)
  return client
}

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

function clientConfig(options: SdkClientOptions): S3ClientConfig {
  const { region } = options
  const common: S3ClientConfig = {
    region: typeof region === 'string' ? region : () => Promise.resolve(region.current),
    forcePathStyle: options.pathStyle,
    credentials: () => options.credentials.get().catch(notGotten),
    // We retry ourselves: reads with their body, writes only after a look at what became of them.
    maxAttempts: 1,
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    // What they say is known, and shown.
    ignoreConfiguredEndpointUrls: true,
    // Without one it writes to the console of each stream that could not be sent.
    logger: silent,
    // Each request has limits of its own.
    requestHandler: requestHandler(options.network ?? networkOf(), { isS3: true }),
  }
  const { endpoint, isAws = endpoint === undefined } = options
  const located = endpoint === undefined ? common : { ...common, endpoint }
  if (isAws) return located
  // Many S3-compatible servers refuse the checksum trailers that AWS wants.
  return {
    ...located,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  }
}

/** A request to the wrong region is repeated in the right one, unless its body is a stream that is used up. */
function followRegion(client: S3Client, region: BucketRegion): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const asked = region.current
      try {
        return await next(args)
      } catch (error) {
        const hasStream = 'Body' in args.input && args.input.Body instanceof Readable
        if (!region.learn(error, asked) || hasStream) throw error
        return next(args)
      }
    },
    { step: 'initialize', name: 'as2fsRegion' },
  )
}

/** Whatever goes wrong in getting credentials is no refusal of S3's: it is waited out. */
function notGotten(cause: unknown): never {
  if (cause instanceof StoreError) throw cause
  const [code, why] = cause instanceof Error ? [cause.name, cause.message] : ['Unknown', String(cause)]
  const reason = `credentials could not be got: ${why.replace(/\.$/, '')}`
  throw new StoreError('EACCES', 'credentials', code, `Credentials could not be got: ${why}`, { cause, reason })
}
