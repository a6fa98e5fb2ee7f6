/** What is slower than it was, beyond the noise: by time, by CPU time, and by memory. */
import { peerNames } from '../contenders.js'
import type { LinkName } from '../link.js'
import type { Unit } from '../results.js'
import { spread, type Spread, type Summary } from '../figures/summaries.js'

/** One figure that is another than it was. */
export interface Change {
  readonly link: LinkName
  readonly words: string
  readonly measure: 'time' | 'CPU' | 'memory'
  /** In the unit of the row; of CPU time seconds. */
  readonly unit: Unit
  readonly then: number
  /** Undefined: it failed. */
  readonly now: number | undefined
  /** How many times as much as then, the machine's pace apart. */
  readonly times: number
}

export interface Comparison {
  /** How many times as long as then what has not changed takes: the peers, and curl. 1 if that is not known. */
  readonly pace: { readonly time: number; readonly cpu: number }
  /** Rows that both have. */
  readonly rows: number
  readonly slower: readonly Change[]
  readonly faster: readonly Change[]
}

/** Medians that differ by less are the same. */
const tolerance = 1.1
/** The same where there is one run, whose noise is not known. */
const toleranceOfOne = 1.5
/** And so are times and CPU times, in milliseconds, that differ by less, of whatever takes seconds or of one call. */
const floors = { seconds: 10, milliseconds: 0.005 }
/** With fewer rows of others nothing is said of the machine. */
const fewest = 3

/** @param then and now: rows of as2fs, and of others, on the same machine */
export function compared(then: readonly Summary[], now: readonly Summary[]): Comparison {
  const pairs = pairsOf(then, now)
  const others = pairs.filter(([before]) => isControl(before))
  const pace = {
    time: paceOf(others.filter(([before]) => before.unit !== 'bytes').map(([a, b]) => [a.value, b.value] as const)),
    cpu: paceOf(others.map(([a, b]) => [a.cpu, b.cpu] as const)),
  }
  const own = pairs.filter(([before]) => isOwn(before))
  const changes = own.flatMap(([a, b]) => changesOf(a, b, pace))
  return {
    pace,
    rows: own.length,
    slower: changes.filter((it) => it.times > 1).sort((a, b) => b.times - a.times),
    faster: changes.filter((it) => it.times < 1).sort((a, b) => a.times - b.times),
  }
}

/** Whether it is other than noise, and how: 0 if not. @param least what nobody would call a difference */
export function direction(then: Spread, now: Spread, least: number): -1 | 0 | 1 {
  if (Math.abs(now.median - then.median) < least) return 0
  const isOne = then.least === then.most || now.least === now.most
  const bound = isOne ? toleranceOfOne : tolerance
  if (now.median > then.median * bound && now.least > then.most) return 1
  return now.median * bound < then.median && now.most < then.least ? -1 : 0
}

function changesOf(then: Summary, now: Summary, pace: Comparison['pace']): readonly Change[] {
  const { link, words, unit } = now
  const row = { link, words }
  if (!then.value) return []
  const isMemory = unit === 'bytes'
  const measure = isMemory ? 'memory' : 'time'
  if (!now.value) return [{ ...row, measure, unit, then: then.value.median, now: undefined, times: Infinity }]
  const least = isMemory ? 0 : unit === 'seconds' ? floors.seconds / 1000 : floors.milliseconds
  const values = change(then.value, now.value, isMemory ? 1 : pace.time, least)
  const changes: Change[] = values ? [{ ...row, measure, unit, ...values }] : []
  if (then.cpu && now.cpu && !isMemory) {
    const cpu = change(then.cpu, now.cpu, pace.cpu, floors[unit])
    // CPU time is in milliseconds whatever the row is in.
    const scale = unit === 'seconds' ? 1000 : 1
    if (cpu) changes.push({ ...row, measure: 'CPU', unit, ...cpu, then: cpu.then / scale, now: cpu.now / scale })
  }
  return changes
}

function change(then: Spread, now: Spread, pace: number, least: number) {
  const expected = { median: then.median * pace, least: then.least * pace, most: then.most * pace }
  if (direction(expected, now, least) === 0) return undefined
  return { then: then.median, now: now.median, times: now.median / expected.median }
}

type Pair = readonly [then: Summary, now: Summary]

/** The same work, of the same size. */
function pairsOf(then: readonly Summary[], now: readonly Summary[]): readonly Pair[] {
  const name = ({ id, words, link, contender }: Summary): string => JSON.stringify([id, words, link, contender])
  const known = new Map(then.map((it) => [name(it), it]))
  return now.flatMap((it) => {
    const before = known.get(name(it))
    return before ? [[before, it] as const] : []
  })
}

function paceOf(pairs: readonly (readonly [Spread | undefined, Spread | undefined])[]): number {
  const ratios = pairs.flatMap(([then, now]) => (then && now && then.median > 0 ? [now.median / then.median] : []))
  return ratios.length < fewest ? 1 : (spread(ratios)?.median ?? 1)
}

function isControl({ contender, id }: Summary): boolean {
  return peerNames.some((it) => it === contender) || (contender === 'alone' && id.startsWith('curl-'))
}

function isOwn({ contender, id }: Summary): boolean {
  return contender === 'as2fs' || (contender === 'alone' && (id.startsWith('client-') || id === 'index'))
}
