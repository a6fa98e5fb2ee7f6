/** When the gateway's lifecycle rules take an object out of sight. */
import type { EpochMs, Key, Milliseconds, Prefix } from '../units.js'

/** Aayu’s page “AWS S3 Integration for AS2”, section 2.2: objects become non-current after 35 days. */
const lifetime: Milliseconds = 35 * 24 * 60 * 60 * 1000
const folders = ['files/', 'raw-message/', 'raw-mdn/', 'headers/']

/** @returns undefined where no rule is documented (`send`, `duplicate`) */
export function expiresAt(root: Prefix, key: Key, lastModified: EpochMs): EpochMs | undefined {
  return folders.some((folder) => key.startsWith(root + folder)) ? lastModified + lifetime : undefined
}
