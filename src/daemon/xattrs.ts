/** What `as2fs info` tells, as extended attributes: `--xattr`. */
import { LRUCache } from 'lru-cache'
import type { InfoReport } from '../control/reports.js'
import type { Milliseconds } from '../units.js'
import type { Xattrs } from '../fuse/operations.js'
import type { Info } from './info.js'

/** Who lists them asks for each, twice: how large it is, and what it is. */
const keptFor: Milliseconds = 1_000
const mostKept = 256

/** Told by stat(2), or by the path. */
type Plain = 'path' | 'kind' | 'size' | 'mtime'

const names: Readonly<Record<Exclude<keyof InfoReport, Plain>, string>> = {
  key: 'key',
  etag: 'etag',
  station: 'station',
  partner: 'partner',
  state: 'state',
  reason: 'reason',
  messageId: 'message-id',
  expires: 'expires',
  disposition: 'disposition',
  contradictory: 'contradictory',
  originalMessageId: 'original-message-id',
  answered: 'answered',
  mic: 'mic',
  mdn: 'mdn',
  delivery: 'delivery',
  receipts: 'receipts',
}

/** Names as getxattr(2) has them; times as ISO 8601, of several values a line each. */
export function xattrsOf(report: InfoReport): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [field, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const value = report[field]
    if (value === undefined) continue
    const text =
      typeof value === 'number' ? new Date(value).toISOString() : typeof value === 'string' ? value : value.join('\n')
    found.set(`user.as2.${name}`, text)
  }
  return found
}

export function makeXattrs(info: Pick<Info, 'describe'>): Xattrs {
  const known = new LRUCache<string, ReadonlyMap<string, string>>({ max: mostKept, ttl: keptFor })
  return async (path, signal) => {
    const found = known.get(path) ?? xattrsOf(await info.describe(path, signal))
    known.set(path, found)
    return found
  }
}
