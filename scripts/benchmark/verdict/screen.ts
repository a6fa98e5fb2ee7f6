/** The verdict on one screen. */
import { wordsOfLink } from '../link.js'
import { factor, inUnit, valueCell } from '../figures/cells.js'
import type { Report } from '../figures/saved.js'
import type { Summary } from '../figures/summaries.js'
import type { Change, Comparison } from './compare.js'
import type { Verdict } from './verdict.js'

/** Of a list that may be long; all is in the tables. */
const mostLines = 12

/** @param before what it was compared with, for people */
export function screen(report: Report, verdict: Verdict, before: string | undefined): string {
  const { machine, runs, scale, when } = report
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const measured = verdict.aims.filter((it) => it.judgement !== undefined)
  const width = Math.max(0, ...measured.map((it) => it.words.length))
  const lines = measured.map(({ words, judgement }) => {
    return `${judgement?.holds === true ? 'holds ' : 'MISSED'} ${words.padEnd(width)}  ${judgement?.found ?? ''}`
  })
  const others = verdict.aims.filter((it) => !it.judgement)
  return [
    `${versions.join(', ')}; ${machine.cpu}, ${machine.disk}, load ${machine.load} at first; medians of ${runs}; ${when}`,
    ...(scale === 'small'
      ? ['Little of everything was done: the aims are of more, and what is said of them means nothing.']
      : []),
    '',
    ...lines,
    ...(others.length === 0 ? [] : ['', `Not measured: ${others.map((it) => it.words).join('; ')}.`]),
    ...section('as2fs is behind', verdict.behind.map(behindLine)),
    ...(verdict.comparison && before !== undefined ? comparisonLines(verdict.comparison, before) : []),
    '',
    `${measured.filter((it) => it.judgement?.holds).length} of ${measured.length} aims that were measured hold.`,
  ].join('\n')
}

function comparisonLines({ pace, rows, slower, faster }: Comparison, before: string): readonly string[] {
  const other =
    pace.time === 1 && pace.cpu === 1
      ? ''
      : `; the others take ${pace.time.toFixed(2)} × the time and ${pace.cpu.toFixed(2)} × the CPU of then, which is allowed for`
  if (slower.length === 0 && faster.length === 0) return ['', `Nothing differs from ${before} in ${rows} rows${other}.`]
  return [
    '',
    `Compared with ${before} in ${rows} rows${other}:`,
    ...(slower.length === 0 ? ['Nothing is slower.'] : section('SLOWER', slower.map(changeLine)).slice(1)),
    ...(faster.length === 0 ? [] : section('better', faster.map(changeLine)).slice(1)),
  ]
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return []
  const more = lines.length > mostLines ? [`  … and ${lines.length - mostLines} more`] : []
  return ['', `${title}:`, ...lines.slice(0, mostLines).map((it) => `  ${it}`), ...more]
}

function behindLine([own, peer]: readonly [Summary, Summary]): string {
  return `${own.words} (${wordsOfLink[own.link]}): ${valueCell(own)}, ${peer.contender} ${valueCell(peer)}`
}

function changeLine({ link, words, measure, unit, then, now, times }: Change): string {
  const after = now === undefined ? 'it failed' : `${inUnit(now, unit)}, ${factor(times)} ×`
  return `${words} (${wordsOfLink[link]}), ${measure}: ${inUnit(then, unit)} → ${after}`
}
