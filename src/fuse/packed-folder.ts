/** The entries of a folder as the compiled binding takes them: types and names in one buffer, sizes and times in another. */
import type { Bytes, EpochMs } from '../units.js'
import { timeOf } from './stat.js'

interface Entry {
  readonly kind: 'file' | 'folder'
  readonly name: string
  readonly size: Bytes
  readonly mtime: EpochMs
  readonly identity?: string
}

interface PackedNames {
  /**
   * Each entry is its type, its name and a 0: `d` for a folder, `f` for a file, `F` for a file after whose name comes what its
   * inode's number is made of, and a 0.
   */
  readonly names: Uint8Array
  /** Two numbers for each of them. */
  readonly sizesAndTimes: Float64Array
}

export interface PackedFolder extends PackedNames {
  /** Of those that are told of without another look. */
  readonly lasting: PackedNames
}

const firstCount = 64
/** Of a name, when there is nothing to tell its length. */
const usualName: Bytes = 32
/** Of a name: a UTF-16 unit is 3 bytes of UTF-8 at most. Its type and a 0 or two come to it. */
const bytesOfUnit = 3
const around = 3

/**
 * A folder of 300,000 takes 10 MB for a moment, where names and stats as JavaScript has them take 100.
 * @param since the time of folders that have none
 * @param lasting how many entries, from the first one on, are told of without another look
 */
export function packFolder(entries: Iterable<Entry>, since: EpochMs, lasting = Infinity): PackedFolder {
  let names = Buffer.allocUnsafeSlow(firstCount * usualName)
  let numbers = new Float64Array(2 * firstCount)
  let end = 0
  let count = 0
  let lastingEnd = 0
  for (const { kind, name, size, mtime, identity } of entries) {
    const most = end + (name.length + (identity?.length ?? 0)) * bytesOfUnit + around
    if (most > names.length) names = enlarged(names, end, 2 * most)
    if (count === numbers.length) {
      const larger = new Float64Array(2 * count)
      larger.set(numbers)
      numbers = larger
    }
    names[end] = kind === 'folder' ? folderType : identity === undefined ? fileType : fileTypeWithIdentity
    end += 1 + names.write(name, end + 1)
    names[end] = 0
    end += 1
    if (identity !== undefined && kind === 'file') {
      end += names.write(identity, end)
      names[end] = 0
      end += 1
    }
    numbers[count] = size
    numbers[count + 1] = timeOf(mtime, identity, since)
    count += 2
    if (count <= 2 * lasting) lastingEnd = end
  }
  const part = (bytes: Bytes, length: number): PackedNames => ({
    names: names.subarray(0, bytes),
    sizesAndTimes: numbers.subarray(0, length),
  })
  return { ...part(end, count), lasting: part(lastingEnd, Math.min(count, 2 * lasting)) }
}

function enlarged(names: Buffer, length: Bytes, to: Bytes): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(to)
  names.copy(larger, 0, 0, length)
  return larger
}

const folderType = 'd'.charCodeAt(0)
const fileType = 'f'.charCodeAt(0)
const fileTypeWithIdentity = 'F'.charCodeAt(0)
