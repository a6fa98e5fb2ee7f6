/** Whether an object is the one whose checksum S3 tells: by the SDK's own sums, as the SDK verifies it. */
import { Crc32, Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc'
import { createHash } from 'node:crypto'

interface Sum {
  update(bytes: Uint8Array): unknown
  digest(): Promise<Uint8Array> | Uint8Array
}

const prefix = 'x-amz-checksum-'
/** By the rest of the header's name. */
const sums: ReadonlyMap<string, () => Sum> = new Map<string, () => Sum>([
  ['crc64nvme', () => new Crc64Nvme()],
  ['crc32', () => new Crc32()],
  ['crc32c', () => new Crc32c()],
  ['sha1', () => createHash('sha1')],
  ['sha256', () => createHash('sha256')],
])

/**
 * Where S3 tells none, or one of the parts that it was put in, there is nothing to compare.
 * @returns false also where it is one that is not known here
 */
export async function isAsToldBy(headers: Readonly<Record<string, string>>, bytes: Uint8Array): Promise<boolean> {
  if (headers[`${prefix}type`] === 'COMPOSITE') return true
  for (const name in headers) {
    if (!name.startsWith(prefix) || name === `${prefix}type`) continue
    const told = headers[name] ?? ''
    if (/-\d+$/.test(told)) continue
    const sum = sums.get(name.slice(prefix.length))?.()
    if (!sum) return false
    sum.update(bytes)
    if (Buffer.from(await sum.digest()).toString('base64') !== told) return false
  }
  return true
}
