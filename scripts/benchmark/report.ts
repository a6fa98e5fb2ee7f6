/** The table: one row for each piece of work, medians, ratios and requests. */
import { contendersOf, settings, type Contender } from './contenders.js'
import type { Machine } from './machine.js'
import type { Options } from './options.js'
import { summary, type Result, type Summary } from './results.js'

/** Everything as Markdown; it is to be read as plain text, too. */
export function markdown(results: readonly Result[], machine: Machine, options: Options): string {
  const { runs, before, against } = options
  const contenders = contendersOf(before, against)
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const delays = [...new Set(results.map((it) => it.delay))]
  return [
    `Machine: ${machine.cpu}, ${machine.memory}, ${machine.kernel}. Versions: ${versions.join(', ')}.`,
    `Settings: ${settings}`,
    `Medians of ${runs} run${runs === 1 ? '' : 's'}, each on a new mount; what took over 20 s was done once. ` +
      '× is how many times as long, or as much memory, as as2fs.',
    ...delays.flatMap((delay) => {
      const own = results.filter((it) => it.delay === delay)
      const title = delay === 0 ? 'No delay' : `${delay} ms before every answer`
      return [`## ${title}`, comparison(own, contenders), yardsticks(own)]
    }),
  ]
    .filter((it) => it !== '')
    .join('\n\n')
    .concat('\n')
}

function comparison(results: readonly Result[], contenders: readonly Contender[]): string {
  const rows = works(results.filter((it) => it.contender !== 'alone'))
  if (rows.length === 0) return ''
  const head = contenders.flatMap(({ name }, i) => [name, ...(i === 0 ? [] : ['×']), 'requests'])
  return table(
    ['', ...head],
    rows.map((work) => {
      const [own, ...peers] = contenders.map(({ name }) =>
        summary(results.filter((it) => it.work === work && it.contender === name)),
      )
      return [
        work,
        figure(own),
        requests(own),
        ...peers.flatMap((peer) => [figure(peer), ratio(peer, own), requests(peer)]),
      ]
    }),
  )
}

function yardsticks(results: readonly Result[]): string {
  const own = results.filter((it) => it.contender === 'alone')
  if (own.length === 0) return ''
  const rows = works(own).map((work) => [work, figure(summary(own.filter((it) => it.work === work)))])
  return table(['without a mount', ''], rows)
}

function works(results: readonly Result[]): string[] {
  return [...new Set(results.map((it) => it.work))]
}

function figure(result: Summary | undefined): string {
  if (!result) return ''
  const { median, unit, bytes } = result
  if (median === undefined) return result.failure ?? ''
  if (unit === 'bytes') return size(median)
  if (unit === 'milliseconds') return `${digits(median)} ms`
  const rate = bytes === undefined || bytes < 16 * 1024 ** 2 ? '' : `, ${Math.round(bytes / 1e6 / median)} MB/s`
  return `${digits(median)} s${rate}`
}

function size(bytes: number): string {
  if (bytes > 0 && bytes < 10 * 1024) return `${Math.round(bytes).toLocaleString('en')} B`
  return bytes > 0 && bytes < 10 * 1024 ** 2
    ? `${Math.round(bytes / 1024).toLocaleString('en')} KiB`
    : `${Math.round(bytes / 1024 ** 2).toLocaleString('en')} MiB`
}

/** Three digits that mean something. */
function digits(value: number): string {
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 0.1
        ? value.toFixed(2)
        : value.toFixed(3)
}

function ratio(peer: Summary | undefined, own: Summary | undefined): string {
  if (own?.median === undefined || peer === undefined) return ''
  const limit = /^> ([\d.]+) s$/.exec(peer.failure ?? '')?.[1]
  if (peer.median === undefined) return limit === undefined ? '' : `> ${factor(Number(limit) / own.median)}`
  return factor(peer.median / own.median)
}

function factor(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(value >= 1 ? 1 : 2)
}

function requests(result: Summary | undefined): string {
  if (result?.requests === undefined) return ''
  const number = Math.round(result.requests).toLocaleString('en')
  return result.requests > 0 && result.isListing ? `${number} LIST` : number
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) => Math.max(3, name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
