/** How fast as2fs is to be, beside its peers and beside what a client without a mount takes. */
import { bothNear } from '../item.js'
import { wordsOfLink, type LinkName } from '../link.js'
import { inUnit, valueCell } from '../figures/cells.js'
import { ratio, type Rows } from '../figures/rows.js'
import type { Summary } from '../figures/summaries.js'

export interface Aim {
  readonly words: string
  /** Undefined: what it is about was not measured. */
  judge(rows: Rows): Judgement | undefined
}

export interface Judgement {
  readonly holds: boolean
  /** What was measured, for people. */
  readonly found: string
}

/** What is measured of a row: seconds and milliseconds as they are, CPU time in milliseconds, memory in bytes. */
type Measure = 'value' | 'cpu'

const MB = 1e6
/** Files of `send-small` and `send-waiting`, as the rows' words say. */
const filesIn = /cp of ([\d,]+) files/

export const aims: readonly Aim[] = [
  ...bothNear.map((link) => ahead('copy of 1,000 files of 2 KiB', ['cp'], link, 1.5)),
  ...bothNear.map((link) =>
    atMost(`CPU of a GET in the client alone, ${wordsOfLink[link]}`, 'client-small', link, 0.06, 'cpu'),
  ),
  ...bothNear.map((link) => ahead('a large file in sequence', ['read'], link, 1)),
  ...bothNear.map(besideClient),
  ...bothNear.map((link) => atMost(`RSS meanwhile, ${wordsOfLink[link]}`, 'read-memory', link, 220 * MB)),
  ...bothNear.flatMap((link) => [
    ahead('find, ls -l of 1,000', ['find', 'ls-l'], link, 1),
    ahead('find, ls -l of 1,000, again', ['find-again', 'ls-l-again'], link, 1),
  ]),
  ...bothNear.flatMap((link) => [
    ahead('find, ls -l of 20,000', ['flat-find', 'flat-ls-l', 'folders-find', 'folders-ls-l'], link, 1),
    ahead(
      'find, ls -l of 20,000, again',
      ['flat-find-again', 'flat-ls-l-again', 'folders-find-again', 'folders-ls-l-again'],
      link,
      1,
    ),
  ]),
  eachFile('cp into send/', 'send-small', 1.6),
  eachFile('cp into send/ where thousands wait', 'send-waiting', 1.6),
  atMost('as2fs status', 'status', 'plain', 0.1),
  atMost('mount, until it can be used', 'usable', 'plain', 0.25),
  atMost('RSS for each of 300,000 messages', 'memory-message', 'plain', 300),
  atMost('index of each', 'index', 'plain', 110),
]

/** Of several rows the one where the best peer comes nearest. */
function ahead(words: string, ids: readonly string[], link: LinkName, times: number): Aim {
  const than = times > 1 ? `${times} × faster than both peers` : 'ahead of both peers'
  return {
    words: `${words}, ${wordsOfLink[link]}: ${than}`,
    judge(rows) {
      const own = ids.flatMap((id) => rows.find(id, link, 'as2fs') ?? [])
      const failed = own.find((it) => !it.value)
      if (failed) return { holds: false, found: `${failed.words}: ${failed.failure ?? 'nothing'}` }
      const worst = own.flatMap((it) => racesOf(it, rows.peersOf(it))).sort((a, b) => a.times - b.times)[0]
      if (!worst) return undefined
      const which = ids.length > 1 ? `${worst.own.words}: ` : ''
      const both = `${valueCell(worst.own)}, ${worst.peer.contender} ${valueCell(worst.peer)}`
      return { holds: worst.times > times, found: `${which}${worst.times.toFixed(2)} × (${both})` }
    },
  }
}

/** With those peers that did the work, or were given up; what a peer can't do says nothing of as2fs. */
function racesOf(own: Summary, peers: readonly Summary[]) {
  return peers.flatMap((peer) => {
    const times = ratio(peer, own)
    return times === undefined ? [] : [{ own, peer, times }]
  })
}

function atMost(words: string, id: string, link: LinkName, bound: number, measure: Measure = 'value'): Aim {
  return {
    words,
    judge(rows) {
      const row = rows.find(id, link, 'as2fs') ?? rows.find(id, link, 'alone')
      if (!row) return undefined
      const found = row[measure]?.median
      const unit = measure === 'cpu' ? 'milliseconds' : row.unit
      if (found === undefined) return { holds: false, found: row.failure ?? 'nothing' }
      return { holds: found <= bound, found: `${inUnit(found, unit)}, at most ${inUnit(bound, unit)}` }
    },
  }
}

function besideClient(link: LinkName): Aim {
  const share = 0.5
  return {
    words: `and at ≥ ${share} of the speed of the client alone, ${wordsOfLink[link]}`,
    judge(rows) {
      const [own, alone] = [rows.find('read', link, 'as2fs'), rows.find('client-big', link, 'alone')]
      if (!own?.value || !alone?.value) return undefined
      const found = alone.value.median / own.value.median
      return { holds: found >= share, found: found.toFixed(2) }
    },
  }
}

function eachFile(words: string, id: string, bound: number): Aim {
  return {
    words: `${words}, durable`,
    judge(rows) {
      const row = rows.find(id, 'plain', 'as2fs')
      if (!row) return undefined
      const files = Number(filesIn.exec(row.words)?.[1]?.replaceAll(',', ''))
      if (!row.value) return { holds: false, found: row.failure ?? 'nothing' }
      const each = (row.value.median * 1000) / files
      const cpu = row.cpu ? `, ${(row.cpu.median / files).toFixed(2)} ms of CPU` : ''
      return { holds: each <= bound, found: `${each.toFixed(2)} ms a file${cpu}, at most ${bound} ms` }
    },
  }
}
