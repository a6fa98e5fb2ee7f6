/** The gateway drops a name that it saw within six hours; what as2fs does about it. Pure. */
import { extname } from 'node:path'
import type { EpochMs, Milliseconds } from '../../units.js'
import { maxNameBytes } from '../../view/names.js'

/** Aayu’s page “AWS S3 Integration for AS2”, section 3.1. */
export const duplicateWindow: Milliseconds = 6 * 60 * 60 * 1000
/** What is longer is no extension, and may be cut. */
const longestExtension = 32

/**
 * The least that the bucket's time was when it was so late by this machine's clock, which may have been wrong. An object of the
 * same name and content from then on may well be taken for the one that is looked for: the gateway does so, too.
 */
export function byOurClock(at: EpochMs): EpochMs {
  return at - duplicateWindow
}

/** @param now by the same clock as `seenAt` */
export function isDuplicate(seenAt: EpochMs | undefined, now: EpochMs): boolean {
  return seenAt !== undefined && now - seenAt < duplicateWindow
}

/**
 * A name with a UTC time before its last extension, to the millisecond: `order.edi` → `order_20261124T101502123Z.edi`.
 * A name that would be too long for it loses characters before the time, never its extension.
 * @param path a name, or `<folder>/<name>`
 */
export function suffixed(path: string, now: EpochMs): string {
  const start = path.lastIndexOf('/') + 1
  const name = path.slice(start)
  const time = new Date(now).toISOString().replaceAll(/[-:.]/g, '')
  const found = extname(name)
  const extension = Buffer.byteLength(found) <= longestExtension ? found : ''
  const tail = `_${time}${extension}`
  const stem = name.slice(0, name.length - extension.length)
  return `${path.slice(0, start)}${cut(stem, maxNameBytes - Buffer.byteLength(tail))}${tail}`
}

/** The longest beginning of whole characters that fits. */
function cut(text: string, bytes: number): string {
  let fitting = text
  while (Buffer.byteLength(fitting) > bytes) fitting = Array.from(fitting).slice(0, -1).join('')
  return fitting
}
