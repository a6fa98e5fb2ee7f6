/** Reads the page of a listing before the SDK's parser does, which gets what is no such page: errors, above all. */
import type { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Readable } from 'node:stream'
import { readBody } from './body.js'
import { parseListPage } from './list-page.js'
import type { ListPage } from './store.js'

interface HttpAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  body: Readable | Uint8Array
}

const nothing = Buffer.from('<ListBucketResult/>')

/**
 * @param command not sent yet
 * @param heard called for each piece of the page
 * @returns a function that has the page once it was; undefined then if the SDK's own answer is what there is
 */
export function readPageOf(command: ListObjectsV2Command, heard: () => void): () => ListPage | undefined {
  let page: ListPage | undefined
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const answer = result.response as HttpAnswer
      if (answer.statusCode !== 200 || answer.body instanceof Uint8Array) return result
      const length = answer.headers['content-length']
      const bytes = await readBody(answer.body, length === undefined ? undefined : Number(length), { heard })
      page = parseListPage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
      answer.body = page ? nothing : bytes
      return result
    },
    // The last before the connection: the SDK's own deserializer is around it.
    { step: 'deserialize', priority: 'low', name: 'readPageOfListing' },
  )
  return () => page
}
