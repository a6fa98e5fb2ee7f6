/** The ETags of a run of objects, packed: an MD5 as 16 bytes, and how many parts an upload had as two more. Whatever looks otherwise is kept as it is. */

const md5Bytes = 16
const digits = 2 * md5Bytes
const dash = 0x2d
const zero = 0x30
/** S3 takes 10,000. */
const mostParts = 0xffff

export class PackedEtags {
  readonly #md5s: Uint8Array
  /** After the MD5: 0 for an object that came in one piece. Undefined: all did. */
  readonly #parts: Uint16Array | undefined
  readonly #others: ReadonlyMap<number, string> | undefined

  constructor(objects: readonly { readonly etag: string }[]) {
    this.#md5s = new Uint8Array(md5Bytes * objects.length)
    const others = new Map<number, string>()
    let parts: Uint16Array | undefined
    for (const [i, { etag }] of objects.entries()) {
      const count = partsIn(etag)
      if (count !== undefined && writeMd5(etag, this.#md5s, i * md5Bytes)) {
        if (count > 0) (parts ??= new Uint16Array(objects.length))[i] = count
        // A flat copy: a part of a string keeps the whole alive, and here that is the answer of the server.
      } else others.set(i, Buffer.from(etag).toString())
    }
    this.#parts = parts
    this.#others = others.size > 0 ? others : undefined
  }

  etag(index: number): string {
    const other = this.#others?.get(index)
    if (other !== undefined) return other
    const { buffer, byteOffset } = this.#md5s
    const md5 = Buffer.from(buffer, byteOffset + index * md5Bytes, md5Bytes).toString('hex')
    const parts = this.#parts?.[index] ?? 0
    return parts > 0 ? `${md5}-${parts}` : md5
  }

  isSame(index: number, other: PackedEtags, otherIndex: number): boolean {
    return this.etag(index) === other.etag(otherIndex)
  }
}

/** @returns 0 for 32 characters alone, else the number behind them; undefined: it is no such ETag, or would not be written again as it is */
function partsIn(etag: string): number | undefined {
  if (etag.length === digits) return 0
  if (etag.length < digits + 2 || etag.charCodeAt(digits) !== dash || etag.charCodeAt(digits + 1) === zero)
    return undefined
  let count = 0
  for (let i = digits + 1; i < etag.length; i += 1) {
    const digit = etag.charCodeAt(i) - zero
    if (digit < 0 || digit > 9) return undefined
    count = 10 * count + digit
    if (count > mostParts) return undefined
  }
  return count
}

/** Writes 32 lower-case hexadecimal digits as 16 bytes. @returns whether that is what it begins with */
function writeMd5(etag: string, bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < md5Bytes; i += 1) {
    const [high, low] = [hexDigit(etag.charCodeAt(2 * i)), hexDigit(etag.charCodeAt(2 * i + 1))]
    if (high < 0 || low < 0) return false
    bytes[offset + i] = 16 * high + low
  }
  return true
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1
}
