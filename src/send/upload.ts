/** One message into the bucket: one PUT, or one multipart upload, streamed from the spool. */
import type { PutResult, Store, UploadedPart } from '../s3/store.js'
import type { Bytes, Key } from '../units.js'
import type { Spool } from './spool.js'

export interface UploadOptions {
  readonly store: Store
  readonly spool: Spool
  readonly multipartThreshold: Bytes
}

export interface Upload {
  readonly id: string
  readonly key: Key
  readonly size: Bytes
  /** Writes down the id of a multipart upload before any part of it is sent. */
  readonly begun: (uploadId: string) => Promise<void>
  readonly progress: (uploaded: Bytes) => void
}

const partsAtOnce = 4
const smallestPart: Bytes = 8 * 1024 * 1024
/** S3's limit. */
const mostParts = 10_000

/** @throws StoreError, or FsError if the spool can't be read */
export async function upload(options: UploadOptions, message: Upload, signal: AbortSignal): Promise<PutResult> {
  if (message.size > options.multipartThreshold) return multipart(options, message, signal)
  const { key, size, id } = message
  const body = () => options.spool.stream(id, { start: 0, end: size })
  return options.store.put({ key, size, body, onlyIfAbsent: true }, signal)
}

/** Bytes a part: as small as ten thousand parts allow, so that little is sent again. */
export function partSize(size: Bytes): Bytes {
  return Math.max(smallestPart, Math.ceil(size / mostParts))
}

async function multipart({ store, spool }: UploadOptions, message: Upload, signal: AbortSignal): Promise<PutResult> {
  const { id, key, size } = message
  const uploadId = await store.createMultipart(key, signal)
  await message.begun(uploadId)
  // The first part that fails ends the others.
  const failed = new AbortController()
  const partSignal = AbortSignal.any([signal, failed.signal])
  const bytes = partSize(size)
  const parts: UploadedPart[] = []
  let next = 1
  let uploaded = 0
  const worker = async (): Promise<void> => {
    for (let number = next++; (number - 1) * bytes < size; number = next++) {
      const range = { start: (number - 1) * bytes, end: Math.min(size, number * bytes) }
      const part = { number, size: range.end - range.start, body: () => spool.stream(id, range) }
      parts.push(await store.uploadPart(key, uploadId, part, partSignal))
      message.progress((uploaded += part.size))
    }
  }
  try {
    await Promise.all(Array.from({ length: partsAtOnce }, worker))
  } catch (error) {
    failed.abort()
    throw error
  }
  parts.sort((a, b) => a.number - b.number)
  return store.completeMultipart(key, uploadId, parts, true, signal)
}
