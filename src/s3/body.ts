/** The body of an answer, whole or not at all, and never more of it than is good. */
import type { Readable } from 'node:stream'
import type { Bytes, Milliseconds } from '../units.js'

/** A body of another length than announced. */
class CutBody extends Error {
  override readonly name = 'CutBody'
}

/** A body that goes on where its end was expected. */
export class EndlessBody extends Error {
  override readonly name = 'EndlessBody'
}

export interface BodyOptions {
  /** As the server announced it; undefined: whatever comes. */
  readonly length: Bytes | undefined
  /** No more than this is taken, nor is memory for more. */
  readonly limit: Bytes
  /** Called for each piece. */
  readonly heard?: (bytes: Bytes) => void
  /** Used if it has the length of the body; its content is arbitrary after a failure. */
  readonly into?: Uint8Array | undefined
}

/**
 * Copies a body once, into memory of exactly its size. After a failure nothing more of it is read.
 * @throws CutBody, EndlessBody, or the stream's own error
 */
export async function readBody(body: Readable, options: BodyOptions): Promise<Uint8Array> {
  const { length, limit } = options
  try {
    if (length === undefined) return await readUnannounced(body, options)
    if (length > limit) throw new EndlessBody(`${length} bytes were announced where there are ${limit} at most`)
    return await readAnnounced(body, length, options)
  } catch (error) {
    // Without a listener the end of an unread body would end the process.
    body.on('error', () => undefined).destroy()
    throw error
  }
}

/**
 * What is small, or is not what was asked for: an error, an acknowledgement.
 * @param patience for all of it
 * @param silence between two pieces of it
 * @throws as readBody, and TimeoutError
 */
export async function readSmallBody(
  body: Readable,
  limit: Bytes,
  patience: Milliseconds,
  silence = patience,
): Promise<string> {
  const giveUp = (): unknown => body.destroy(new LateBody('its end did not come'))
  const end = setTimeout(giveUp, patience)
  const still = setTimeout(giveUp, silence)
  try {
    const heard = (): unknown => still.refresh()
    return Buffer.from(await readBody(body, { length: undefined, limit, heard })).toString()
  } finally {
    clearTimeout(end)
    clearTimeout(still)
  }
}

/** Has the name by which `failure.ts` knows what comes too late. */
class LateBody extends Error {
  override readonly name = 'TimeoutError'
}

async function readAnnounced(body: Readable, length: Bytes, { heard, into }: BodyOptions): Promise<Uint8Array> {
  const bytes = into?.length === length ? into : Buffer.allocUnsafeSlow(length)
  let filled = 0
  await drain(body, (chunk) => {
    heard?.(chunk.length)
    if (filled + chunk.length <= length) bytes.set(chunk, filled)
    filled += chunk.length
  })
  if (filled !== length) throw new CutBody(`${filled} of ${length} bytes came`)
  return bytes
}

async function readUnannounced(body: Readable, { limit, heard, into }: BodyOptions): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length: Bytes = 0
  await drain(body, (chunk) => {
    heard?.(chunk.length)
    length += chunk.length
    if (length > limit) throw new EndlessBody(`more than ${limit} bytes came`)
    chunks.push(chunk)
  })
  if (into?.length !== length) return Buffer.concat(chunks)
  let filled = 0
  for (const chunk of chunks) {
    into.set(chunk, filled)
    filled += chunk.length
  }
  return into
}

/** Events cost a third of what `for await` does. @param take may throw */
function drain(body: Readable, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let isComplete = false
    const onData = (chunk: Buffer): void => {
      try {
        take(chunk)
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const fail = (error: Error): void => {
      body.off('data', onData)
      reject(error)
    }
    body.on('data', onData)
    body.on('end', () => {
      isComplete = true
      resolve()
    })
    body.on('error', fail)
    body.on('close', () => {
      if (!isComplete) fail(new CutBody('the connection ended in the middle of the body'))
    })
  })
}
