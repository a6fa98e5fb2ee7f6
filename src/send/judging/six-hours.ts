/** The rule of six hours for what this mount sent. */
import type { EpochMs } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { isLocal } from '../life/message.js'
import type { MessageBook } from '../disk/book.js'
import { isRemembered } from '../life/recovery.js'

/**
 * Whether this mount sent something under a name within six hours.
 * @param now the bucket's time
 */
export function wasSent(book: MessageBook, partner: Partner, path: string, now: EpochMs): boolean {
  for (const it of book.index.named(partner, path)) if (!isLocal(it.state) && isRemembered(it, now)) return true
  return false
}
