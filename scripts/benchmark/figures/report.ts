/** All figures as tables: one row for each piece of work, and beside each contender what it spent on it. */
import { settings } from '../contenders.js'
import { links, type LinkName } from '../link.js'
import { longEnough } from '../plan.js'
import { cpuCell, factor, requestsCell, valueCell } from './cells.js'
import { hasLimit, isBehind, ratio, Rows } from './rows.js'
import type { Report } from './saved.js'
import type { Summary } from './summaries.js'
import { table } from './table.js'

/** As Markdown. */
export function markdown(report: Report): string {
  const { machine, runs, contenders } = report
  const rows = new Rows(report.rows)
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const parts = links.flatMap(({ name, title }) => {
    const tables = [comparison(rows, name, contenders), yardsticks(rows, name)].filter((it) => it !== '')
    return tables.length === 0 ? [] : [`### ${title}`, ...tables]
  })
  return [
    `Measured on ${report.when.slice(0, 10)}. Machine: ${machine.cpu}, ${machine.memory}, ${machine.kernel}, ${machine.disk}. Versions: ${versions.join(', ')}.`,
    `Settings: ${settings}`,
    `Medians of ${runs} run${runs === 1 ? '' : 's'}, each on a new mount, in turn; ± is half of what lies between the least and the ` +
      `most. What took over ${longEnough / 1000} s was done once. × is how many times as long, or as much memory, as as2fs; ` +
      '▼ where as2fs is behind. CPU is what the mount’s own process spent meanwhile, with all its threads and children.',
    ...parts,
  ]
    .join('\n\n')
    .concat('\n')
}

function comparison(rows: Rows, link: LinkName, contenders: Report['contenders']): string {
  const ids = idsOn(rows, link, (it) => it.contender !== 'alone')
  if (ids.length === 0) return ''
  const [first, ...others] = contenders
  if (first === undefined) return ''
  const head = ['', first, 'CPU', 'requests', ...others.flatMap((name) => [name, '×', 'CPU', 'requests'])]
  const body = ids.map((id) => {
    const found = contenders.map((name) => rows.find(id, link, name))
    const [own, ...peers] = found
    const words = (found.find((it) => it?.value) ?? found.find((it) => it !== undefined))?.words ?? ''
    const others = peers.flatMap((it) => [valueCell(it), ratioCell(it, own), cpuCell(it), requestsCell(it)])
    return [words, valueCell(own), cpuCell(own), requestsCell(own), ...others]
  })
  return table(head, body)
}

function yardsticks(rows: Rows, link: LinkName): string {
  const ids = idsOn(rows, link, (it) => it.contender === 'alone')
  if (ids.length === 0) return ''
  const body = ids.map((id) => {
    const figure = rows.find(id, link, 'alone')
    return [figure?.words ?? '', valueCell(figure), cpuCell(figure)]
  })
  return table(['without a mount', '', 'CPU'], body)
}

function idsOn(rows: Rows, link: LinkName, isWanted: (row: Summary) => boolean): readonly string[] {
  return [...new Set(rows.all.filter((it) => it.link === link && isWanted(it)).map((it) => it.id))]
}

function ratioCell(peer: Summary | undefined, own: Summary | undefined): string {
  const times = ratio(peer, own)
  if (times === undefined || !peer || !own) return ''
  return `${isBehind(own, peer) ? '▼ ' : ''}${hasLimit(peer) ? '> ' : ''}${factor(times)}`
}
