/** What is made of the figures: which aims hold, where as2fs is behind, what has become slower. */
import { isBehind, Rows } from '../figures/rows.js'
import type { Report } from '../figures/saved.js'
import type { Summary } from '../figures/summaries.js'
import { aims, type Judgement } from './aims.js'
import { compared, type Comparison } from './compare.js'

interface Judged {
  readonly words: string
  readonly judgement: Judgement | undefined
}

export interface Verdict {
  readonly aims: readonly Judged[]
  /** Rows of as2fs, each with the peer that was faster, or took less memory. */
  readonly behind: readonly (readonly [own: Summary, peer: Summary])[]
  /** With what was before, if that is known. */
  readonly comparison: Comparison | undefined
  /** All aims hold that were measured, and nothing is slower. */
  readonly isGood: boolean
}

/** @param before figures of another day, or of another as2fs */
export function judged({ rows: all }: Report, before: readonly Summary[] | undefined): Verdict {
  const rows = new Rows(all)
  const comparison = before && compared(before, all)
  const judgedAims = [
    ...aims.map((aim) => ({ words: aim.words, judgement: aim.judge(rows) })),
    { words: '25 ms away: nothing slower than before', judgement: farJudgement(comparison, all) },
  ]
  const behind = all
    .filter((it) => it.contender === 'as2fs')
    .flatMap((own) => rows.peersOf(own).flatMap((peer) => (isBehind(own, peer) ? [[own, peer] as const] : [])))
  const hold = judgedAims.every(({ judgement }) => judgement?.holds ?? true)
  return { aims: judgedAims, behind, comparison, isGood: hold && (comparison?.slower.length ?? 0) === 0 }
}

/** As if they were of an as2fs that was measured before: what another checkout took in the same run. */
export function rowsOfBefore(rows: readonly Summary[]): readonly Summary[] | undefined {
  const own = rows.filter((it) => it.contender === 'before').map((it) => ({ ...it, contender: 'as2fs' as const }))
  return own.length === 0 ? undefined : own
}

function farJudgement(comparison: Comparison | undefined, rows: readonly Summary[]): Judgement | undefined {
  if (!comparison || !rows.some((it) => it.link === 'far')) return undefined
  const slower = comparison.slower.filter((it) => it.link === 'far')
  return { holds: slower.length === 0, found: slower.length === 0 ? 'nothing' : `${slower.length}, see below` }
}
