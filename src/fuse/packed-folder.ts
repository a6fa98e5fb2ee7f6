/** The entries of a folder as the patched binding takes them: types and names in one buffer, sizes and times in another. */
import type { Bytes, EpochMs } from '../units.js'

interface Entry {
  readonly kind: 'file' | 'folder'
  readonly name: string
  readonly size: Bytes
  readonly mtime: EpochMs
}

export interface PackedFolder {
  /** Each entry is its type, `d` or `f`, its name and a 0; `.` and `..` come first. */
  readonly names: Uint8Array
  /** The same without `.` and `..`. */
  readonly ownNames: Uint8Array
  /** Two numbers for each of them. */
  readonly sizesAndTimes: Float64Array
}

const firstCount = 64
/** Of a name, when there is nothing to tell its length. */
const usualName: Bytes = 32
/** Of a name: a UTF-16 unit is 3 bytes of UTF-8 at most. Its type and the 0 come to it. */
const bytesOfUnit = 3
const around = 2
const selfAndAbove = 'd.\0d..\0'

/**
 * A folder of 300,000 takes 10 MB for a moment, where names and stats as JavaScript has them take 100.
 * @param since the time of folders that have none
 */
export function packFolder(entries: Iterable<Entry>, since: EpochMs): PackedFolder {
  let names = Buffer.allocUnsafeSlow(firstCount * usualName)
  let numbers = new Float64Array(2 * firstCount)
  let end = names.write(selfAndAbove)
  let count = 0
  for (const { kind, name, size, mtime } of entries) {
    const most = end + name.length * bytesOfUnit + around
    if (most > names.length) names = enlarged(names, end, 2 * most)
    if (count === numbers.length) {
      const larger = new Float64Array(2 * count)
      larger.set(numbers)
      numbers = larger
    }
    names[end] = kind === 'folder' ? folderType : fileType
    end += 1 + names.write(name, end + 1)
    names[end] = 0
    end += 1
    numbers[count] = size
    numbers[count + 1] = mtime === 0 ? since : mtime
    count += 2
  }
  return {
    names: names.subarray(0, end),
    ownNames: names.subarray(selfAndAbove.length, end),
    sizesAndTimes: numbers.subarray(0, count),
  }
}

function enlarged(names: Buffer, length: Bytes, to: Bytes): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(to)
  names.copy(larger, 0, 0, length)
  return larger
}

const folderType = 'd'.charCodeAt(0)
const fileType = 'f'.charCodeAt(0)
