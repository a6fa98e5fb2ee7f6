/** Counts what the SDK's client sends, as it is sent: what is tried again or goes on to another region counts each time. */
import type { S3Client } from '@aws-sdk/client-s3'
import { codeOf } from '../errors.js'
import { neverArrived } from './never-arrived.js'
import type { RequestKind } from './prices.js'
import type { RequestCounter } from './request-counter.js'

/** By the SDK's name of the command. */
const kinds: ReadonlyMap<string, RequestKind> = new Map(
  Object.entries({
    ListObjectsV2Command: 'list',
    GetObjectCommand: 'get',
    HeadObjectCommand: 'head',
    PutObjectCommand: 'put',
    CreateMultipartUploadCommand: 'createMultipart',
    UploadPartCommand: 'uploadPart',
    CompleteMultipartUploadCommand: 'completeMultipart',
    AbortMultipartUploadCommand: 'abortMultipart',
  }),
)

/** Once it was answered, or given up: what certainly never arrived costs nothing. */
export function watchRequests(client: S3Client, counter: RequestCounter): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const kind = kinds.get(commandName)
        if (kind === undefined) throw new Error(`${commandName} is not counted`)
        try {
          const result = await next(args)
          counter.count(kind)
          return result
        } catch (error) {
          if (!neverArrived.has(codeOf(error) ?? '')) counter.count(kind)
          throw error
        }
      },
    // Next to the connection.
    { step: 'deserialize', priority: 'low', name: 'as2fsRequests' },
  )
}
