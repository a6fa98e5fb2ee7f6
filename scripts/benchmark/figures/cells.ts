/** Figures as people read them. */
import type { Unit } from '../results.js'
import type { Spread, Summary } from './summaries.js'

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** Median, how far the others are from it, and how much was moved in a second. */
export function valueCell(summary: Summary | undefined): string {
  if (!summary) return ''
  const { value, unit, bytes, failure } = summary
  if (!value) return failure ?? ''
  const rate = unit !== 'seconds' || !isLarge(bytes) ? '' : `, ${Math.round(bytes / 1e6 / value.median)} MB/s`
  return `${inUnit(value.median, unit)}${deviation(value)}${rate}`
}

/** CPU time, and of something large what a GiB takes. */
export function cpuCell(summary: Summary | undefined): string {
  if (summary?.cpu === undefined || summary.unit === 'bytes') return ''
  const { unit, bytes, cpu } = summary
  if (unit === 'milliseconds') return inUnit(cpu.median, 'milliseconds')
  const each = isLarge(bytes) && bytes !== GiB ? `, ${digits((cpu.median / 1000) * (GiB / bytes))} a GiB` : ''
  return `${inUnit(cpu.median / 1000, 'seconds')}${each}`
}

export function requestsCell(summary: Summary | undefined): string {
  if (summary?.requests === undefined || summary.contender === 'alone') return ''
  const number = Math.round(summary.requests).toLocaleString('en')
  return summary.requests > 0 && summary.isListing ? `${number} LIST` : number
}

export function inUnit(value: number, unit: Unit): string {
  if (unit === 'bytes') return size(value)
  return unit === 'milliseconds' ? `${digits(value)} ms` : `${digits(value)} s`
}

export function factor(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(value >= 1 ? 1 : 2)
}

/** Half of what lies between the least and the most, in percent of the median; nothing of one run. */
function deviation({ median, least, most }: Spread): string {
  if (least === most || median === 0) return ''
  return ` ±${Math.round(((most - least) / 2 / median) * 100)}%`
}

function isLarge(bytes: number | undefined): bytes is number {
  return bytes !== undefined && bytes >= 16 * MiB
}

function size(bytes: number): string {
  if (bytes < 10 * KiB) return `${Math.round(bytes).toLocaleString('en')} B`
  if (bytes < 10 * MiB) return `${Math.round(bytes / KiB).toLocaleString('en')} KiB`
  return `${Math.round(bytes / MiB).toLocaleString('en')} MiB`
}

/** Three digits that mean something. */
function digits(value: number): string {
  if (value >= 100) return value.toFixed(0)
  if (value >= 10) return value.toFixed(1)
  return value >= 0.1 ? value.toFixed(2) : value.toFixed(3)
}
