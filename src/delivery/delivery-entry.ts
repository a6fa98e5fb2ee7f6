/** What is told of a delivery: an entry of the audit trail, and a line of our own log. Pure. */
import type { Bytes, EpochMs, Key, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { SentMessage } from './deliveries.js'
import type { DeliveryState } from './delivery.js'
import { sentRowLength, type SentFile } from './sent-files.js'
import { toldRowLength, type DeliveryEventName } from './told-messages.js'

export interface DeliveryEntry extends Partner {
  readonly at: string
  readonly event: DeliveryEventName
  /** Of its first file. */
  readonly name: string
  readonly key: Key
  /** Of that file. Versions before did not say it. */
  readonly size?: Bytes | undefined
  /** Its folder. */
  readonly message: string
  readonly messageId?: string | undefined
  /** The key of the MDN that tells, below `raw-mdn/`. */
  readonly mdn?: string | undefined
  readonly disposition?: string | undefined
  /** Delivered, with a warning. */
  readonly warned?: true | undefined
  /** From the close of the file to the receipt, where it was closed here. */
  readonly sinceClosedMs?: Milliseconds | undefined
}

export interface Circumstances {
  readonly mdn: string | undefined
  readonly messageId: string | undefined
  readonly closedAt: EpochMs | undefined
  readonly at: EpochMs
}

export function entryOf(sent: SentMessage, { mdn, messageId, closedAt, at }: Circumstances): DeliveryEntry {
  const { station, partner, message = '', files, delivery } = sent
  const { state, receipt } = delivery
  const { key, size } = files[0] ?? { key: '' as Key, size: undefined }
  const tells = state === 'overdue' ? undefined : receipt
  return {
    at: new Date(at).toISOString(),
    event: eventOf(state) ?? 'overdue',
    ...{ station, partner, name: key.slice(key.lastIndexOf('/') + 1), key, size, message, messageId, mdn },
    disposition: tells?.disposition,
    warned: state === 'warned' ? true : undefined,
    sinceClosedMs: closedAt === undefined || !tells || tells.mtime < closedAt ? undefined : tells.mtime - closedAt,
  }
}

/** @returns undefined while there is nothing to tell */
export function eventOf(state: DeliveryState): DeliveryEventName | undefined {
  if (state === 'pending') return undefined
  return state === 'warned' ? 'delivered' : state
}

/** Entries that say the same have the same. */
export function idOf({ event, station, partner, message }: DeliveryEntry): string {
  return [event, station, partner, message].join('\n')
}

/** Whether it is such an entry: names that were not accepted are `refused` too. */
export function isTold(entry: object): entry is DeliveryEntry {
  const { event, station, partner, message } = entry as Partial<Record<string, unknown>>
  const isEvent = event === 'delivered' || event === 'refused' || event === 'overdue'
  return isEvent && [station, partner, message].every((it) => typeof it === 'string')
}

export type DeliveryLine =
  | { readonly from: EpochMs }
  | { readonly sent: SentFile }
  | { readonly told: DeliveryEntry }
  /** What stands before it has come to the audit trail. */
  | { readonly flushed: true }
  /** Many of them, packed by one who had a hasher of this seed. */
  | { readonly seed: number; readonly toldRows: readonly (readonly number[])[] }
  | { readonly seed: number; readonly sentRows: readonly (readonly number[])[] }
  /** The last time that something was sent to a partner. */
  | { readonly waits: WaitingPartner }

/** A partner to whom something was sent, and when, by the bucket's clock. */
export interface WaitingPartner extends Partner {
  readonly sentAt: EpochMs
}

/** @returns undefined for what makes no sense */
export function lineIn(value: unknown): DeliveryLine | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { from, sent, told, flushed, waits } = value as Partial<Record<string, unknown>>
  if (typeof from === 'number') return { from }
  if (flushed === true) return { flushed }
  if (typeof told === 'object' && told !== null && isTold(told)) return { told }
  if (isWaiting(waits)) return { waits }
  return isSent(sent) ? { sent } : packedIn(value)
}

function packedIn(value: object): DeliveryLine | undefined {
  const { seed, toldRows, sentRows } = value as Partial<Record<string, unknown>>
  if (typeof seed !== 'number') return undefined
  if (isRows(toldRows, toldRowLength)) return { seed, toldRows }
  return isRows(sentRows, sentRowLength) ? { seed, sentRows } : undefined
}

function isRows(value: unknown, length: number): value is readonly (readonly number[])[] {
  const isRow = (row: unknown): boolean =>
    Array.isArray(row) && row.length === length && row.every((it) => typeof it === 'number')
  return Array.isArray(value) && value.every(isRow)
}

function isWaiting(value: unknown): value is WaitingPartner {
  if (typeof value !== 'object' || value === null) return false
  const { station, partner, sentAt } = value as Partial<Record<string, unknown>>
  return typeof station === 'string' && typeof partner === 'string' && typeof sentAt === 'number'
}

function isSent(value: unknown): value is SentFile {
  if (typeof value !== 'object' || value === null) return false
  const it = value as Partial<Record<string, unknown>>
  const numbers = [it.size, it.closedAt, it.submittedAt].every((part) => typeof part === 'number')
  return numbers && [it.station, it.partner, it.name].every((part) => typeof part === 'string')
}
