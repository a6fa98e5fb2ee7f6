/** Reads the page of a listing before the SDK's parser does, which gets what is no such page: errors, above all. */
import type { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Readable } from 'node:stream'
import type { Bytes } from '../units.js'
import { readBody } from './body.js'
import { parseListPage } from './list-page.js'
import type { ListPage } from './store.js'

interface HttpAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  body: Readable | Uint8Array
}

const nothing = Buffer.from('<ListBucketResult/>')

/** A page of 1,000 keys, as a rule. */
const usualSize: Bytes = 512 * 1024
const maxKept = 8

/** Memory that pages are read into, used again: hundreds of pages one after the other would leave it to the collector. */
export class PageMemory {
  readonly #kept: Buffer[] = []

  take(length: Bytes): Buffer {
    return length > usualSize ? Buffer.allocUnsafeSlow(length) : (this.#kept.pop() ?? Buffer.allocUnsafeSlow(usualSize))
  }

  giveBack(memory: Buffer): void {
    if (memory.length === usualSize && this.#kept.length < maxKept) this.#kept.push(memory)
  }
}

/**
 * @param command not sent yet
 * @param heard called for each piece of the page
 * @returns a function that has the page once it was; undefined then if the SDK's own answer is what there is
 */
export function readPageOf(
  command: ListObjectsV2Command,
  memory: PageMemory,
  heard: () => void,
): () => ListPage | undefined {
  let page: ListPage | undefined
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const answer = result.response as HttpAnswer
      if (answer.statusCode !== 200 || answer.body instanceof Uint8Array) return result
      const announced = answer.headers['content-length']
      const length = announced === undefined ? undefined : Number(announced)
      const room = length === undefined ? undefined : memory.take(length)
      const into = room?.subarray(0, length)
      const body = await readBody(answer.body, length, { heard, into })
      const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
      page = parseListPage(bytes.toString())
      answer.body = page ? nothing : bytes
      if (page && room) memory.giveBack(room)
      return result
    },
    // The last before the connection: the SDK's own deserializer is around it.
    { step: 'deserialize', priority: 'low', name: 'readPageOfListing' },
  )
  return () => page
}
