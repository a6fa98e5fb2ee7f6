/** Values as people read them. Pure. */
import type { Bytes, EpochMs, Milliseconds } from '../units.js'

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
const timeUnits: readonly (readonly [name: string, length: Milliseconds])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** `512 B`, `1.5 MiB`. */
export function bytes(size: Bytes): string {
  const power = size < 1 ? 0 : Math.min(Math.floor(Math.log2(size) / 10), byteUnits.length - 1)
  const number = size / 1_024 ** power
  return `${power === 0 ? String(size) : number.toFixed(1)} ${byteUnits[power] ?? 'B'}`
}

/** `3 s`, `12 min`, `4 h`, `2 d`. */
export function span(length: Milliseconds): string {
  const [name, unit] = timeUnits.find(([, it]) => length >= it) ?? ['s', 1_000]
  return `${Math.floor(Math.max(length, 0) / unit)} ${name}`
}

/** UTC, to the second. */
export function time(at: EpochMs): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

/** Names come from strangers: nothing of them may move the cursor or colour the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\uFFFD')
}

/** A word that a shell takes as it is. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Columns, as wide as what is in them. Columns whose title begins with `>` are aligned to the right. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [titles.map((it) => it.replace(/^>/, '')), ...rows.map((row) => row.map(printable))]
  const widths = titles.map((_, column) => Math.max(...cells.map((row) => lengthOf(row[column] ?? ''))))
  const lines = cells.map((row) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat((widths[column] ?? 0) - lengthOf(cell))
        return titles[column]?.startsWith('>') ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** `name   value` lines; those without a value are left out. */
export function fields(pairs: readonly (readonly [name: string, value: string | undefined])[], indent = ''): string {
  const shown = pairs.filter((it): it is readonly [string, string] => it[1] !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${indent}${name.padEnd(width)}  ${printable(value)}\n`).join('')
}

/** In characters, not UTF-16 units. */
function lengthOf(text: string): number {
  return Array.from(text).length
}

/** Lines of no more than so many characters, unless a word has more. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** For programs. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
