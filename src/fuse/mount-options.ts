/** The `-o` string for libfuse 2.9, which the stock binding takes. Pure. */
import { UsageError } from '../errors.js'
import { believedFor } from './beliefs/believed-for.js'
import { readahead } from './readahead.js'

export interface FuseMountOptions {
  /** Shown as the mount's source, e.g. in `df`: the bucket. */
  readonly source: string
  readonly allowOther: boolean
  readonly readOnly: boolean
}

/** The binding's buffer, terminating zero included. */
const maxBytes = 1024

/**
 * - big_writes: 128 KiB a write call instead of 4 (73 → 1,400 MB/s)
 * - auto_cache: a file read again comes from the page cache, as long as size and mtime stay
 * - attr_timeout, entry_timeout: in seconds, `believedFor`
 * - negative_timeout=0: a program that polls for a file sees it when it comes
 * - no hard_remove: unlinking an open file becomes a rename, so its writer can go on reading it
 * - default_permissions: with others let in, the kernel checks modes
 */
export function fuseOptions(options: FuseMountOptions): string {
  const words = [
    `fsname=${escaped(options.source)}`,
    'subtype=as2fs',
    'big_writes',
    'auto_cache',
    `attr_timeout=${believedFor / 1000}`,
    `entry_timeout=${believedFor / 1000}`,
    'negative_timeout=0',
    `max_readahead=${readahead}`,
    'nosuid',
    'nodev',
    ...(options.readOnly ? ['ro'] : []),
    ...(options.allowOther ? ['allow_other', 'default_permissions'] : []),
  ]
  const string = `-o${words.join(',')}`
  if (Buffer.byteLength(string) >= maxBytes) throw new UsageError('The bucket’s name is too long for a mount option.')
  return string
}

/** libfuse splits at commas; a backslash escapes. */
function escaped(value: string): string {
  return value.replaceAll(/[\\,]/g, (it) => `\\${it}`).replaceAll(/\s/g, '_')
}
