/** An event as one line for people. Pure. */
import type { AnyEvent, DeliveryEvent } from '../events/event.js'
import { bytes, printable } from './format.js'

const width = 'mdn-unreadable'.length

export function eventLine(event: AnyEvent): string {
  const name = event.event.padEnd(width)
  return printable(`${event.at.slice(0, 19)}Z  ${name}  ${said(event)}`).trimEnd() + '\n'
}

function said(event: AnyEvent): string {
  switch (event.event) {
    case 'received':
      return `${event.station} ← ${event.partner}  ${event.path.split('/').slice(3).join('/')}  ${bytes(event.size)}`
    case 'delivered':
    case 'refused':
    case 'overdue':
      return `${event.station} → ${event.partner}  ${event.name}  ${outcome(event)}`
    case 'mdn-unreadable':
      return event.path.slice(1)
    case 'gap':
    case 'bucket-lost':
    case 'bucket-back':
    case 'keys-refused':
    case 'keys-accepted':
      return event.reason ?? ''
    default: {
      const { station, partner, name, size, error, policy } = event
      const why = error ?? policy
      return `${station} → ${partner}  ${name}  ${bytes(size)}${why === undefined ? '' : `  (${why})`}`
    }
  }
}

function outcome({ event, disposition, warned, sentAt }: DeliveryEvent): string {
  if (event === 'overdue') return `sent ${sentAt.slice(0, 19)}Z`
  const said = disposition?.replace(/^[^;]*;\s*/, '') ?? ''
  return warned === true ? `warned: ${said}` : said
}
