/**
 * Where objects are asked for, and for which region: learned from what the SDK has sent and was answered, whatever endpoints,
 * variables, profiles, redirects and kinds of buckets led there.
 */
import type { S3Client } from '@aws-sdk/client-s3'
import type { HttpRequest } from '@smithy/core/protocols'
import { serverOf } from '../network.js'
import type { Server } from '../proxies.js'

export interface Target {
  readonly server: Server
  /** The header `Host`. */
  readonly host: string
  /** What comes before a key in the path. */
  readonly before: string
  readonly region: string
}

type SentRequest = Pick<HttpRequest, 'protocol' | 'hostname' | 'port' | 'path' | 'headers'>

/** What stays as it is. */
const unreserved = /^[\w.~/-]*$/

/** As the SDK encodes keys, each segment by RFC 3986. */
export function encodedKey(key: string): string {
  if (unreserved.test(key)) return key
  const escape = (it: string): string => `%${it.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, escape)
}

/** Tells of the target of each object that the SDK was given. */
export function watchTargets(client: S3Client, onTarget: (target: Target) => void): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args)
        if (commandName !== 'GetObjectCommand' || !('Key' in args.input)) return result
        const target = targetOf(args.request as SentRequest, String(args.input.Key))
        if (target) onTarget(target)
        return result
      },
    // Beneath the signature, and above what refuses an answer.
    { step: 'deserialize', priority: 'high', name: 'as2fsTarget' },
  )
}

/** @returns undefined: it is signed in another way, or its key is encoded in another way */
export function targetOf(request: SentRequest, key: string): Target | undefined {
  const { path, headers } = request
  const scope = /^AWS4-HMAC-SHA256 Credential=[^/\s]+\/\d{8}\/([a-z0-9-]+)\/s3\/aws4_request, /
  const region = scope.exec(headers.authorization ?? '')?.[1]
  const encoded = encodedKey(key)
  const { host } = headers
  if (region === undefined || host === undefined || !path.endsWith(`/${encoded}`)) return undefined
  if ('x-amz-s3session-token' in headers) return undefined
  return { server: serverOf(request), host, before: path.slice(0, -encoded.length), region }
}
