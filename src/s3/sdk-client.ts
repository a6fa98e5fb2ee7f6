/** The SDK's client, as it is used here. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { CredentialSource } from './credentials.js'
import { StoreError } from './store-error.js'

export interface SdkClientOptions {
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  readonly region: string
  readonly pathStyle: boolean
  readonly credentials: CredentialSource
}

/** Enough for reads and uploads in parallel; a bucket's limits are far above. */
const maxSockets = 64
const connectionTimeout = 5_000
/** Silence on a connection after which it is given up. */
const socketTimeout = 20_000

export function createSdkClient(options: SdkClientOptions): S3Client {
  // Of the SDK's future on Node 20, which is no news for who mounts a bucket. @see the SDK's emitWarningIfUnsupportedVersion
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  return new S3Client(clientConfig(options))
}

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

function clientConfig(options: SdkClientOptions): S3ClientConfig {
  const agents = { keepAlive: true, maxSockets }
  const common: S3ClientConfig = {
    region: options.region,
    forcePathStyle: options.pathStyle,
    credentials: () => options.credentials.get().catch(notGotten),
    // We retry ourselves: reads with their body, writes only after a look at what became of them.
    maxAttempts: 1,
    // Without one it writes to the console of each stream that could not be sent.
    logger: silent,
    requestHandler: new NodeHttpHandler({
      connectionTimeout,
      socketTimeout,
      httpAgent: new HttpAgent(agents),
      httpsAgent: new HttpsAgent(agents),
      socketAcquisitionWarningTimeout: 60_000,
    }),
  }
  if (options.endpoint === undefined) return common
  // Many S3-compatible servers refuse the checksum trailers that AWS wants.
  return {
    ...common,
    endpoint: options.endpoint,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  }
}

/** Whatever goes wrong in getting credentials is no refusal of S3's: it is waited out. */
function notGotten(cause: unknown): never {
  if (cause instanceof StoreError) throw cause
  const [code, why] = cause instanceof Error ? [cause.name, cause.message] : ['Unknown', String(cause)]
  const reason = `credentials could not be got: ${why.replace(/\.$/, '')}`
  throw new StoreError('EACCES', 'credentials', code, `Credentials could not be got: ${why}`, { cause, reason })
}
