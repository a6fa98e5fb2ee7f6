/** Multipart uploads under way. */
import { createHash, randomBytes } from 'node:crypto'
import { md5 } from './bucket.js'
import { S3Error } from './s3-error.js'

interface Upload {
  readonly key: string
  readonly parts: Map<number, Buffer>
}

/** S3's own limit for all parts but the last. */
const smallestPart = 5 * 1024 * 1024

export class MultipartUploads {
  readonly #uploads = new Map<string, Upload>()

  /** Those that are neither completed nor aborted. */
  list(): { readonly id: string; readonly key: string; readonly parts: number }[] {
    return [...this.#uploads].map(([id, { key, parts }]) => ({ id, key, parts: parts.size }))
  }

  create(key: string): string {
    const id = randomBytes(16).toString('hex')
    this.#uploads.set(id, { key, parts: new Map() })
    return id
  }

  /** @returns the part's ETag */
  add(id: string, number: number, bytes: Buffer): string {
    this.#upload(id).parts.set(number, bytes)
    return md5(bytes)
  }

  /** @returns the whole, and its ETag: the MD5 of the parts' MD5s, and their number */
  complete(id: string, wanted: readonly { number: number; etag: string }[]): { bytes: Buffer; etag: string } {
    const { parts } = this.#upload(id)
    const chosen = wanted.map(({ number, etag }, i) => {
      const part = parts.get(number)
      if (!part || md5(part) !== etag) throw new S3Error(400, 'InvalidPart', `Part ${number} is not there.`)
      if (i < wanted.length - 1 && part.length < smallestPart) {
        throw new S3Error(400, 'EntityTooSmall', `Part ${number} is too small.`)
      }
      return part
    })
    if (chosen.length === 0) throw new S3Error(400, 'MalformedXML', 'There are no parts.')
    const digest = createHash('md5')
    for (const part of chosen) digest.update(createHash('md5').update(part).digest())
    this.#uploads.delete(id)
    return { bytes: Buffer.concat(chosen), etag: `${digest.digest('hex')}-${chosen.length}` }
  }

  abort(id: string): void {
    this.#upload(id)
    this.#uploads.delete(id)
  }

  #upload(id: string): Upload {
    const upload = this.#uploads.get(id)
    if (!upload) throw new S3Error(404, 'NoSuchUpload', 'There is no such multipart upload.')
    return upload
  }
}
