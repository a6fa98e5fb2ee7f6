/** How a mount is, for a person. Pure. */
import type { StatusReport } from '../control/reports.js'
import { requestsLine } from './requests-line.js'
import { bytes, counted, fields, printable, span, time } from './format.js'

type Needed = 'pid' | 'bucket' | 'mountpoint' | 'state' | 'problems'

/** As a daemon told it that may be of another version than this program: the rest may be missing. */
export type ToldStatus = Pick<StatusReport, Needed> & Partial<Omit<StatusReport, Needed>>

export function isStatus(value: unknown): value is ToldStatus {
  if (typeof value !== 'object' || value === null) return false
  const { pid, bucket, mountpoint, state, problems } = value as Readonly<Record<string, unknown>>
  const texts = [bucket, mountpoint, state, ...(Array.isArray(problems) ? (problems as unknown[]) : [undefined])]
  return typeof pid === 'number' && texts.every((it) => typeof it === 'string')
}

export function problemLines(problems: readonly string[]): string {
  return problems.map((it) => `  ! ${printable(it)}\n`).join('')
}

export function statusText(told: ToldStatus, now: number): string {
  const { cache, listings = [], send, since, server = [], version = 'of an unknown version', binding } = told
  return `${printable(`${told.mountpoint}  ${told.bucket}  ${told.state}`)}\n${problemLines(told.problems)}${fields(
    [
      ['endpoint', endpointLine(told)],
      ['proxy', told.proxy],
      ...server.map((it) => ['', it] as const),
      ['prefix', told.prefix],
      ['since', since === undefined ? undefined : `${time(since)} (${span(now - since)})`],
      ['daemon', `process ${told.pid}, as2fs ${version}${binding ? `, ${binding} binding` : ''}`],
      ['state', told.stateDirectory],
      ['page', told.http],
      ['requests', told.requests && requestsLine(told.requests)],
      ['send', send && sendLine(send)],
      ['receipts', told.receipts && receiptsLine(told.receipts)],
      ...(told.receipts?.unreadableKeys ?? []).map((it) => ['', `can't be read: ${it}`] as const),
      ['cache', cache && `${bytes(cache.used)} of ${bytes(cache.budget)}`],
      ['on disk', cache?.disk && `${bytes(cache.disk.used)} of ${bytes(cache.disk.limit)}`],
      ['listings', `${counted(listings.length, 'view')}, ${counted(objectsIn(listings), 'object')}`],
      ...listings.map(({ prefix, note }) => ['', note && `${prefix}: ${note}`] as const),
    ],
    '  ',
  )}`
}

function endpointLine({ endpoint = 'AWS', endpointFrom, region }: ToldStatus): string {
  // Who gave an option knows that.
  const named = endpointFrom === undefined || endpointFrom === '--endpoint' ? endpoint : `${endpoint} (${endpointFrom})`
  return region === undefined ? named : `${named}, ${region}`
}

function sendLine(send: StatusReport['send']): string {
  const { open, held, queued, uploading, submitted, failed } = send
  const counts = Object.entries({ open, held, queued, uploading, submitted, failed }).filter(([, count]) => count > 0)
  return counts.map(([state, count]) => `${count} ${state}`).join(', ') || 'nothing waits'
}

function receiptsLine({ read, left, unreadable, refused }: NonNullable<StatusReport['receipts']>): string {
  return [
    `${read} known`,
    ...(left > 0 ? [`${left} left to read`] : []),
    ...(unreadable > 0 ? [`${unreadable} can't be understood`] : []),
    ...(refused > 0 ? [`${refused} may not be read`] : []),
  ].join(', ')
}

function objectsIn(listings: StatusReport['listings']): number {
  return listings.reduce((sum, it) => sum + it.objects, 0)
}
