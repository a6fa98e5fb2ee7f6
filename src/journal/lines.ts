/** Lines of a journal, each with its checksum. Pure. */
import { crc32 } from 'node:zlib'

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
 * Pure: a torn last line is dropped, it was never acknowledged; a bad one before it is left out and reported.
 * @returns entries as whoever wrote them had them: the checksum says that a line is whole, no more. Which versions write what is for
 * `T` to say, with all optional that one of them may lack
 */
export function parseJournal<T>(text: string): ParsedJournal<T> {
  const lines = text.replace(/\0+$/, '').split('\n')
  const torn = lines.pop() ?? ''
  const parsed = lines.map((line) => parseLine(line) as T | undefined)
  const entries = parsed.filter((it) => it !== undefined)
  const bad = parsed.length - entries.length
  // A crash can also leave the last whole block of zeros or half a line with a newline in it: only the end may be bad.
  const isTail = bad === 1 && parsed.at(-1) === undefined && torn === ''
  const isMissing = parsed.some((it, i) => it !== undefined && (numberOf(it) ?? i + 1) !== i + 1)
  const isDamaged = (bad > 0 && !isTail) || isMissing
  return { entries, lines: lines.length, isDamaged, isDoubtful: bad > 0 || isMissing }
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
