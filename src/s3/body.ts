/** The body of an answer, whole or not at all. */
import type { Readable } from 'node:stream'
import type { Bytes } from '../units.js'

/** A body of another length than announced. */
class CutBody extends Error {
  override readonly name = 'CutBody'
}

export interface BodyOptions {
  /** Called for each piece. */
  readonly heard?: () => void
  /** Used if it has the length of the body; its content is arbitrary after a failure. */
  readonly into?: Uint8Array | undefined
}

/**
 * Copies a body once, into memory of exactly its size.
 * @param length as the server announced it; undefined: whatever comes
 * @throws CutBody, or the stream's own error
 */
export async function readBody(
  body: Readable,
  length: Bytes | undefined,
  { heard = () => undefined, into }: BodyOptions = {},
): Promise<Uint8Array> {
  if (length === undefined) return readUnannounced(body, heard)
  const bytes = into?.length === length ? into : Buffer.allocUnsafeSlow(length)
  let filled = 0
  await drain(body, (chunk) => {
    heard()
    if (filled + chunk.length <= length) bytes.set(chunk, filled)
    filled += chunk.length
  })
  if (filled !== length) throw new CutBody(`${filled} of ${length} bytes came`)
  return bytes
}

async function readUnannounced(body: Readable, heard: () => void): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  await drain(body, (chunk) => {
    heard()
    chunks.push(chunk)
  })
  return Buffer.concat(chunks)
}

/** Events cost a third of what `for await` does. */
function drain(body: Readable, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let isComplete = false
    const fail = (error: Error) => {
      body.off('data', take)
      reject(error)
    }
    body.on('data', take)
    body.on('end', () => {
      isComplete = true
      resolve()
    })
    body.on('error', fail)
    body.on('close', () => {
      if (!isComplete) fail(new CutBody('the connection ended within it'))
    })
  })
}
