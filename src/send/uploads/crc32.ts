/** CRC-32 of a file that is read in parts, in any order. Pure, but for the streams. */
import { Transform, type TransformCallback } from 'node:stream'
import { crc32 } from 'node:zlib'
import type { Bytes } from '../../units.js'

/** Hands on what comes, and knows its checksum at the end. */
export class ChecksumStream extends Transform {
  #value = 0
  readonly #onBytes: (bytes: Bytes) => void

  /** @param onBytes is told of each chunk */
  constructor(onBytes: (bytes: Bytes) => void) {
    super({ highWaterMark: 256 * 1024 })
    this.#onBytes = onBytes
  }

  get value(): number {
    return this.#value
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#value = crc32(chunk, this.#value)
    this.#onBytes(chunk.length)
    done(null, chunk)
  }
}

/** Eight hexadecimal digits. */
export function formatCrc32(value: number): string {
  return value.toString(16).padStart(8, '0')
}

/** The checksum of two parts that follow one another. @see zlib's crc32_combine */
export function combineCrc32(first: number, second: number, secondLength: Bytes): number {
  // A zero byte appended is a linear map on the 32 bits; n of them are its n-th power.
  let power = squared(squared(squared(oneZeroBit())))
  let shifted = first
  for (let left = secondLength; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shifted = times(power, shifted)
    power = squared(power)
  }
  return (shifted ^ second) >>> 0
}

/** Columns of a matrix of 32 by 32 bits. */
type Matrix = readonly number[]

/** The reversed polynomial of CRC-32. */
const polynomial = 0xedb88320

function oneZeroBit(): Matrix {
  return [polynomial, ...Array.from({ length: 31 }, (_, bit) => 2 ** bit)]
}

function squared(matrix: Matrix): Matrix {
  return matrix.map((column) => times(matrix, column))
}

function times(matrix: Matrix, vector: number): number {
  let sum = 0
  for (const [bit, column] of matrix.entries()) if ((vector >>> bit) & 1) sum ^= column
  return sum >>> 0
}
