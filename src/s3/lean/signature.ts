/**
 * AWS Signature Version 4 of a GET, as S3 wants it. Pure, but for the key of a day, which is made once.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHmac, hash } from 'node:crypto'
import type { EpochMs } from '../../units.js'
import type { Credentials } from '../credentials.js'

export interface UnsignedGet {
  /** Encoded, as it is sent. */
  readonly path: string
  /** The names are in lower case; `host` is among them. */
  readonly headers: Readonly<Record<string, string>>
}

/** SHA-256 of nothing: a GET has no body. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export class Signer {
  readonly #region: string
  /** The second that was signed last, as it is written. */
  #second = { at: NaN, text: '' }
  #day: { readonly date: string; readonly secret: string; readonly key: Buffer } | undefined

  constructor(region: string) {
    this.#region = region
  }

  /** @returns all headers that are to be sent */
  signed(
    { path, headers }: UnsignedGet,
    { accessKeyId, secretAccessKey, sessionToken }: Credentials,
    now: EpochMs,
  ): Readonly<Record<string, string>> {
    const time = this.#time(now)
    const date = time.slice(0, 8)
    const all: Record<string, string> = {
      ...headers,
      'x-amz-content-sha256': emptyHash,
      'x-amz-date': time,
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    }
    const names = Object.keys(all).sort()
    const lines = names.map((name) => `${name}:${all[name] ?? ''}\n`).join('')
    const canonical = `GET\n${path}\n\n${lines}\n${names.join(';')}\n${emptyHash}`
    const scope = `${date}/${this.#region}/s3/aws4_request`
    const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical)}`
    const signature = createHmac('sha256', this.#key(date, secretAccessKey)).update(toSign).digest('hex')
    const credential = `Credential=${accessKeyId}/${scope}`
    const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
    return { ...all, authorization }
  }

  #time(now: EpochMs): string {
    const at = Math.floor(now / 1_000)
    if (this.#second.at !== at) {
      this.#second = { at, text: new Date(at * 1_000).toISOString().replace(/[-:]|\.\d{3}/g, '') }
    }
    return this.#second.text
  }

  #key(date: string, secret: string): Buffer {
    if (this.#day?.date === date && this.#day.secret === secret) return this.#day.key
    let key: Buffer = Buffer.from(`AWS4${secret}`)
    for (const word of [date, this.#region, 's3', 'aws4_request']) key = createHmac('sha256', key).update(word).digest()
    this.#day = { date, secret, key }
    return key
  }
}
