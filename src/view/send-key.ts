/** Names written in a `send/` → the keys that the gateway will see. */
import { FsError } from '../errors.js'
import type { Key, Name, Prefix } from '../units.js'
import { decodeName, maxNameBytes } from './names.js'
import { viewPrefix } from './tree.js'
import type { Partner } from './partner.js'

/** S3's limit. */
const maxKeyBytes = 1024

/**
 * The key of a file in `send/`. The partner sees the file under the name that was written, so a name that could not be
 * shown again as it was written is refused.
 * @throws FsError EILSEQ for invalid UTF-8, ENAMETOOLONG, EINVAL for control characters and names that read as escapes
 */
export function sendKey(root: Prefix, partner: Partner, names: readonly Name[]): Key {
  for (const name of names) checkName(name)
  const key = viewPrefix(root, partner, 'send') + names.join('/')
  const bytes = Buffer.byteLength(key)
  if (bytes > maxKeyBytes) {
    throw new FsError('ENAMETOOLONG', `The key would have ${bytes} bytes; S3 allows ${maxKeyBytes}.`, { key })
  }
  return key as Key
}

function checkName(name: Name): void {
  // The binding hands over bytes that are not UTF-8 as U+FFFD.
  if (name.includes('\ufffd')) throw new FsError('EILSEQ', `The name ${name} is not valid UTF-8.`)
  const bytes = Buffer.byteLength(name)
  if (bytes > maxNameBytes) {
    throw new FsError('ENAMETOOLONG', `The name has ${bytes} bytes; ${maxNameBytes} are allowed.`)
  }
  const decoded = decodeName(name)
  if (decoded === undefined || decoded.collides || decoded.segment !== name) {
    throw new FsError(
      'EINVAL',
      `The name ${JSON.stringify(name)} has a control character or reads as an escape: rename it.`,
    )
  }
}
