/** What tells one version of an object from another: some servers give no ETag. */
import type { ObjectInfo } from '../s3/store.js'

export function versionOf({ key, etag, size, mtime }: ObjectInfo): string {
  return [key, etag, size, mtime].join(' ')
}
