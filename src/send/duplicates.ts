/** The gateway drops a name that it saw within six hours; what as2fs does about it. Pure. */
import type { EpochMs, Milliseconds } from '../units.js'

/** The vendor's page, section 3.1. */
export const duplicateWindow: Milliseconds = 6 * 60 * 60 * 1000

export function isDuplicate(seenAt: EpochMs | undefined, now: EpochMs): boolean {
  return seenAt !== undefined && now - seenAt < duplicateWindow
}

/** A name with a UTC time before its last extension: `order.edi` → `order_20261124T101502123Z.edi`. */
export function suffixed(path: string, now: EpochMs): string {
  const time = new Date(now).toISOString().replaceAll(/[-:.]/g, '')
  const dot = path.lastIndexOf('.')
  const hasExtension = dot > path.lastIndexOf('/') + 1
  return hasExtension ? `${path.slice(0, dot)}_${time}${path.slice(dot)}` : `${path}_${time}`
}
