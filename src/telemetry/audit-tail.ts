/** The end of the audit trail, for who must know what it has: over a rotation too, or it would be told once more in the new file. */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { openOwn, requireOwnLog } from '../own-files.js'
import type { Bytes } from '../units.js'

/** So much of the end is read, of all files together. */
const tailBytes: Bytes = 16 * 1024 * 1024
/** Of one that a rotation has compressed. */
const mostUnpacked: Bytes = 8 * tailBytes

/**
 * Whole lines, parsed: of the file, and of those that a rotation has made of it (`audit.1`, `audit-20261128.gz`), the youngest first.
 * @throws the disk's own error, of the file itself
 */
export async function auditTail(path: string): Promise<readonly object[]> {
  const entries: object[] = []
  let left = tailBytes
  for (const file of [path, ...(await rotated(path))]) {
    if (left <= 0) break
    // Of the others not one is needed: what they had is told once more then.
    const text = file === path ? await endOf(file, left) : await endOf(file, left).catch(() => Buffer.alloc(0))
    left -= text.length
    entries.push(...text.toString().split('\n').flatMap(parsed))
  }
  return entries
}

async function rotated(path: string): Promise<string[]> {
  const name = basename(path)
  const names = await readdir(dirname(path)).catch((): string[] => [])
  const files = names.filter((it) => it.startsWith(`${name}.`) || it.startsWith(`${name}-`))
  const dated = await Promise.all(
    files.map(async (it) => {
      const file = join(dirname(path), it)
      return {
        file,
        at: await stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      }
    }),
  )
  return dated.sort((a, b) => b.at - a.at).map(({ file }) => file)
}

async function endOf(file: string, most: Bytes): Promise<Buffer> {
  const handle = await openOwn(file, 'r', requireOwnLog)
  try {
    if (file.endsWith('.gz')) {
      const unpacked = await promisify(gunzip)(await handle.readFile(), { maxOutputLength: mostUnpacked })
      return unpacked.subarray(-most)
    }
    const { size } = await handle.stat()
    const length = Math.min(size, most)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function parsed(line: string): object[] {
  try {
    const value = JSON.parse(line) as unknown
    return typeof value === 'object' && value !== null ? [value] : []
  } catch {
    return []
  }
}
