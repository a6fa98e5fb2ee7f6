/** How a mount is, in one line, for `systemctl status`. Pure. */
import type { HealthReport } from '../control/reports.js'
import { printable } from './format.js'

/** A line of a terminal, and then some. */
const longest = 400

/** @param waiting files that are on their way */
export function serviceStatus(mountpoint: string, { state, reasons }: HealthReport, waiting: number): string {
  const [first, ...others] = reasons
  const more = others.length === 0 ? '' : ` (and ${others.length} more: as2fs status ${mountpoint})`
  const how = first ? `${state}: ${first.sentence}${more}` : 'well.'
  const files = waiting === 0 ? 'Nothing waits' : waiting === 1 ? '1 file waits' : `${waiting} files wait`
  const line = printable(`${mountpoint} is ${how} ${files} to be sent.`)
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line
}
