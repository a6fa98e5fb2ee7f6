/** Reads the page of a listing before the SDK does, which would take six times as long, and believe any XML. */
import { Readable } from 'node:stream'
import type { Bytes } from '../units.js'
import { foreign } from './acceptable.js'
import { EndlessBody, readBody } from './body.js'
import { ForeignAnswer } from './foreign-answer.js'
import type { HttpAnswer } from './accepted.js'
import { parseListPage, type ListedPage } from './list-page.js'
import { UnreadableXml } from './xml.js'

const nothing = Buffer.from('<ListBucketResult/>')

/** A page of 1,000 keys, as a rule. */
const usualSize: Bytes = 512 * 1024
/** A page of 1,000 keys of 1,024 bytes each, all of them escaped. */
const greatestSize: Bytes = 8 * 1024 * 1024
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
 * Leaves nothing in the answer that the SDK would parse.
 * @param heard called for each piece of the page
 * @throws ForeignAnswer if it is no page, or not a whole one
 */
export async function readPage(
  answer: HttpAnswer,
  memory: PageMemory,
  heard: (bytes: Bytes) => void,
): Promise<ListedPage> {
  const { body, statusCode, headers } = answer
  if (statusCode !== 200 || !(body instanceof Readable)) throw foreign(answer)
  const announced = headers['content-length']
  const length = announced === undefined ? undefined : Number(announced)
  const room = length === undefined || length > greatestSize ? undefined : memory.take(length)
  try {
    const into = room?.subarray(0, length)
    const bytes = await readBody(body, { length, limit: greatestSize, heard, into })
    const page = parseListPage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
    if (!page) throw foreign(answer)
    answer.body = nothing
    if (room) memory.giveBack(room)
    return page
  } catch (cause) {
    if (cause instanceof EndlessBody) throw new ForeignAnswer('one who does not come to an end', { cause })
    if (cause instanceof UnreadableXml) {
      throw new ForeignAnswer(`a listing that can't be right: ${cause.message}`, { cause })
    }
    throw cause
  }
}
