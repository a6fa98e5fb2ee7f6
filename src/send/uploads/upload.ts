/** One message into the bucket: one PUT, or one multipart upload, streamed from the spool. */
import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream'
import { finished, pipeline as promisedPipeline } from 'node:stream/promises'
import { anyOf, type CancelSignal } from '../../cancellation.js'
import { retried } from '../../s3/retry.js'
import type { ByteRange, PutResult, Store, UploadedPart } from '../../s3/store.js'
import type { Bytes, Key } from '../../units.js'
import { ChecksumStream, combineCrc32, formatCrc32 } from './crc32.js'
import type { Spool } from '../disk/spool.js'

export interface UploadOptions {
  readonly store: Store
  readonly spool: Spool
  readonly multipartThreshold: Bytes
}

export interface Upload {
  readonly id: string
  readonly key: Key
  readonly size: Bytes
  /** It was tried before. */
  readonly isAgain: boolean
  /** Writes down the id of a multipart upload before any part of it is sent. */
  readonly begun: (uploadId: string) => Promise<void>
  /** Writes down that it may be in the bucket from now on, before a multipart upload is completed. */
  readonly completing: () => Promise<void>
  readonly progress: (uploaded: Bytes) => void
}

/** What S3 said of it, and the CRC-32 of what was sent; undefined where the spool has it no more. */
export interface Uploaded extends PutResult {
  readonly crc32: string | undefined
}

const partsAtOnce = 4
const smallestPart: Bytes = 8 * 1024 * 1024
/** S3's limit. */
const mostParts = 10_000

/** @throws StoreError, or FsError if the spool can't be read */
export async function upload(options: UploadOptions, message: Upload, signal: CancelSignal): Promise<Uploaded> {
  if (message.size > options.multipartThreshold) return multipart(options, message, signal)
  const { key, size, id, isAgain } = message
  let sent: ChecksumStream | undefined
  const body = (): ChecksumStream => {
    let uploaded = 0
    sent = checked(options.spool, id, { start: 0, end: size }, (bytes) => message.progress((uploaded += bytes)))
    return sent
  }
  const md5 = (): Promise<string> => contentMd5(options.spool, id, { start: 0, end: size })
  const answer = await options.store.put({ key, size, body, md5, onlyIfAbsent: true, isAgain }, signal)
  return { ...answer, crc32: formatCrc32(sent?.value ?? 0) }
}

/** Of a file of the spool. @throws the disk's error */
export async function checksum(spool: Spool, { id, size }: { id: string; size: Bytes }): Promise<string> {
  if (size === 0) return formatCrc32(0)
  const whole = checked(spool, id, { start: 0, end: size }, () => undefined)
  await finished(whole.resume())
  return formatCrc32(whole.value)
}

/** Of what is sent, before it is: base64, as in Content-MD5. @throws the disk's error */
async function contentMd5(spool: Spool, id: string, range: ByteRange): Promise<string> {
  const digest = createHash('md5')
  if (range.end > range.start) await promisedPipeline(spool.stream(id, range), digest)
  return digest.digest('base64')
}

function checked(spool: Spool, id: string, range: ByteRange, onBytes: (bytes: Bytes) => void): ChecksumStream {
  // What fails is thrown by whoever reads the stream.
  return pipeline(spool.stream(id, range), new ChecksumStream(onBytes), () => undefined)
}

/** Bytes a part: as small as ten thousand parts allow, so that little is sent again. */
export function partSize(size: Bytes): Bytes {
  return Math.max(smallestPart, Math.ceil(size / mostParts))
}

async function multipart({ store, spool }: UploadOptions, message: Upload, signal: CancelSignal): Promise<Uploaded> {
  const { id, key, size } = message
  const uploadId = await store.createMultipart(key, signal)
  await message.begun(uploadId)
  // The first part that fails ends the others.
  const failed = new AbortController()
  const partSignal = anyOf(signal, failed.signal)
  const bytes = partSize(size)
  const parts: UploadedPart[] = []
  const checksums = new Map<number, { readonly value: number; readonly size: Bytes }>()
  let next = 1
  let uploaded = 0
  const worker = async (): Promise<void> => {
    for (let number = next++; (number - 1) * bytes < size; number = next++) {
      const range = { start: (number - 1) * bytes, end: Math.min(size, number * bytes) }
      let sent: ChecksumStream | undefined
      const body = (): ChecksumStream => (sent = checked(spool, id, range, () => message.progress(uploaded)))
      const part = { number, size: range.end - range.start, body, md5: () => contentMd5(spool, id, range) }
      const send = (tries: number): Promise<UploadedPart> => {
        return store.uploadPart(key, uploadId, { ...part, isAgain: message.isAgain || tries > 1 }, partSignal)
      }
      parts.push(await retried(send, partSignal))
      checksums.set(number, { value: sent?.value ?? 0, size: part.size })
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
  await message.completing()
  const answer = await store.completeMultipart(key, uploadId, parts, true, signal)
  let whole = 0
  for (const { number } of parts) {
    const { value, size: length } = checksums.get(number) ?? { value: 0, size: 0 }
    whole = combineCrc32(whole, value, length)
  }
  return { ...answer, crc32: formatCrc32(whole) }
}
