/** Counts what the SDK's client sends, as it is sent: what is tried again or goes on to another region counts each time. */
import type { S3Client } from '@aws-sdk/client-s3'
import { STATUS_CODES } from 'node:http'
import { codeOf } from '../errors.js'
import type { AnswerHead } from './acceptable.js'
import { ForeignAnswer } from './foreign-answer.js'
import { neverArrived } from './never-arrived.js'
import type { RequestKind } from './prices.js'
import type { RequestCounter } from './request-counter.js'
import { S3Refusal } from './s3-refusal.js'

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
        const ended = counter.begin(kind)
        try {
          const result = await next(args)
          ended(statusWord((result.response as AnswerHead).statusCode), true)
          return result
        } catch (error) {
          ended(wordOf(error), !neverArrived.has(codeOf(error) ?? ''))
          throw error
        }
      },
    // Next to the connection.
    { step: 'deserialize', priority: 'low', name: 'as2fsRequests' },
  )
}

/** Of connections, as Node names them. */
const codesOfConnections: ReadonlySet<string> = new Set([...neverArrived, 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

/** How a request ended that S3 did not answer well. A server may say what it likes: there are few words for it. */
function wordOf(error: unknown): string {
  if (error instanceof S3Refusal) return statusWord(error.$response.statusCode)
  if (error instanceof ForeignAnswer) return 'not-s3'
  const code = codeOf(error)
  if (code !== undefined && codesOfConnections.has(code)) return code
  const isGivenUp = error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
  return isGivenUp ? 'given-up' : 'other'
}

function statusWord(status: number): string {
  return status in STATUS_CODES ? String(status) : 'other'
}
