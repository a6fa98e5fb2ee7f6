/**
 * Hashes of texts, for tables that keep no texts: two words of 32 bits each, with a seed of this process's own, so that nobody
 * can make two texts with the same. Where they are written down, their seed is too.
 */
import { randomBytes } from 'node:crypto'

export interface TextHash {
  readonly low: number
  readonly high: number
}

export type Hasher = (text: string) => TextHash

export function newSeed(): number {
  return randomBytes(4).readUInt32LE()
}

/** By the multiplications of cyrb53 (bryc, public domain): a microsecond for a key, where SHA-1 takes three. */
export function newHasher(seed: number = newSeed()): Hasher {
  return (text) => {
    let [low, high] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed]
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i)
      low = Math.imul(low ^ code, 2654435761)
      high = Math.imul(high ^ code, 1597334677)
    }
    const mixedLow = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
    const mixedHigh = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(mixedLow ^ (mixedLow >>> 13), 3266489909)
    return { low: mixedLow >>> 0, high: mixedHigh >>> 0 }
  }
}
