/** Keys as numbers, to guess where others are: any guess is right, a good one makes equal parts. Pure. */
import { compareKeys, sharedLength } from '../s3/key-order.js'

/** Beyond what the sample has in common, so many characters differ among 1,000 keys that count up. */
const counting = 3
/** So many more tell keys apart. */
const precision = 8
const printable = /^[\x21-\x7e]$/
const plainEnd = /[\x21-\x2e\x30-\x7e]*$/

export class KeySpace {
  /** What all keys of the sample begin with: the path of a folder, or what is no plain character. */
  readonly #stem: string
  /** The characters that the sample's keys are made of behind that, in order. */
  readonly #alphabet: readonly string[]
  readonly #base: bigint
  readonly #width: number

  /** @param sample keys in order */
  constructor(sample: readonly string[]) {
    const [first = '', last = ''] = [sample[0], sample.at(-1)]
    const common = first.slice(0, sharedLength(first, last))
    this.#stem = common.replace(plainEnd, '')
    const shared = common.length - this.#stem.length
    const seen = new Set<string>()
    for (const key of sample) {
      const rest = key.slice(this.#stem.length)
      for (const it of beginning(rest, shared + counting)) if (printable.test(it)) seen.add(it)
    }
    this.#alphabet = [...seen].sort(compareKeys)
    this.#base = BigInt(Math.max(2, this.#alphabet.length))
    this.#width = shared + precision
  }

  value(key: string): bigint {
    const rest = key.startsWith(this.#stem) ? key.slice(this.#stem.length) : ''
    let value = 0n
    for (let i = 0; i < this.#width; i += 1) value = value * this.#base + BigInt(this.#digit(rest[i]))
    return value
  }

  /** @returns undefined if the value is beyond all keys of that alphabet */
  key(value: bigint): string | undefined {
    let key = ''
    let rest = value
    for (let i = 0; i < this.#width; i += 1) {
      key = (this.#alphabet[Number(rest % this.#base)] ?? '') + key
      rest /= this.#base
    }
    return rest === 0n && key !== '' ? this.#stem + key : undefined
  }

  #digit(character: string | undefined): number {
    if (character === undefined) return 0
    const digit = this.#alphabet.findIndex((it) => compareKeys(it, character) >= 0)
    return digit < 0 ? Math.max(0, this.#alphabet.length - 1) : digit
  }
}

/** Up to its first folder: in folders keys are of another kind. */
function beginning(key: string, length: number): string {
  const slash = key.indexOf('/')
  return key.slice(0, slash < 0 ? length : Math.min(slash, length))
}
