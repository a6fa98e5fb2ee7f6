/** Lines of a journal, each with its checksum. Pure. */
import { crc32 } from 'node:zlib'

const lineFeed = 10

/** Entries as they were read, and whether something between them could not be. */
export interface ParsedJournal<T> {
  readonly entries: readonly T[]
  /** Those that are bad, too. */
  readonly lines: number
  /** A line that is bad though others follow, or one that is missing: not a torn write, but damage. */
  readonly isDamaged: boolean
  /** Something may be missing that was acknowledged: by damage, or as the last whole line is bad. */
  readonly isDoubtful: boolean
}

/**
 * A line: eight hexadecimal digits of CRC-32, a space, JSON.
 * @param number the how-manieth it is, from 1 on, where that is written down
 */
export function formatLine(entry: unknown, number?: number): string {
  const json = JSON.stringify(number === undefined ? entry : { n: number, ...(entry as object) })
  return `${checksum(json)} ${json}\n`
}

/**
 * Makes entries of lines as their bytes come, and keeps none of these: a torn last line is dropped, it was never acknowledged; a bad
 * one before it is left out and reported. Entries are as whoever wrote them had them: the checksum says that a line is whole, no
 * more. Which versions write what is for `T` to say, with all optional that one of them may lack.
 */
export class LineParser<T> {
  readonly #visit: (entry: T) => void
  #lines = 0
  #bad = 0
  #isMissing = false
  #isLastBad = false
  /** Of a line whose end has not come yet. */
  #rest: Buffer[] = []

  constructor(visit: (entry: T) => void) {
    this.#visit = visit
  }

  /** @param bytes may be filled with others after that */
  push(bytes: Buffer): void {
    let start = 0
    for (let end = bytes.indexOf(lineFeed); end >= 0; start = end + 1, end = bytes.indexOf(lineFeed, start)) {
      const line = bytes.subarray(start, end)
      this.#add(this.#rest.length === 0 ? line : Buffer.concat([...this.#rest, line]))
      this.#rest = []
    }
    if (start < bytes.length) this.#rest.push(Buffer.from(bytes.subarray(start)))
  }

  /** All of it has come. */
  end(): Omit<ParsedJournal<T>, 'entries'> {
    const isTorn = this.#rest.some((it) => !it.equals(Buffer.alloc(it.length)))
    // A crash can also leave the last whole block of zeros or half a line with a newline in it: only the end may be bad.
    const isTail = this.#bad === 1 && this.#isLastBad && !isTorn
    const isDamaged = (this.#bad > 0 && !isTail) || this.#isMissing
    return { lines: this.#lines, isDamaged, isDoubtful: this.#bad > 0 || this.#isMissing }
  }

  #add(line: Buffer): void {
    const entry = parseLine(line.toString()) as T | undefined
    this.#lines += 1
    this.#isLastBad = entry === undefined
    if (entry === undefined) this.#bad += 1
    else {
      this.#isMissing ||= (numberOf(entry) ?? this.#lines) !== this.#lines
      this.#visit(entry)
    }
  }
}

/** Of a journal that is small. @see LineParser */
export function parseJournal<T>(text: string): ParsedJournal<T> {
  const entries: T[] = []
  const parser = new LineParser<T>((entry) => entries.push(entry))
  parser.push(Buffer.from(text))
  return { entries, ...parser.end() }
}

/** @returns undefined for what is no whole line of ours */
export function parseLine(line: string): unknown {
  const json = line.slice(9)
  if (line.length < 10 || line[8] !== ' ' || checksum(json) !== line.slice(0, 8)) return undefined
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}

function numberOf(entry: unknown): number | undefined {
  const n = typeof entry === 'object' && entry !== null ? (entry as { readonly n?: unknown }).n : undefined
  return typeof n === 'number' ? n : undefined
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
