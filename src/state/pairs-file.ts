/** Stations and their partners in a small file of the state directory, replaced whole at each change. */
import { rename } from 'node:fs/promises'
import { replaceFile } from '../durable-file.js'
import { readOwn } from '../own-files.js'
import { FsError } from '../errors.js'
import type { Logger } from '../telemetry/log.js'

/** A station alone, or with a partner. Raw AS2 ids. */
export type Pair = readonly [station: string, partner?: string]

/**
 * What was kept; nothing if there is no such file. One that makes no sense is put aside, and said so.
 * @param what completes 'The list of … could not be read'
 * @throws FsError EIO if it is there and can't be read
 */
export async function readPairs(file: string, what: string, log: Logger): Promise<readonly Pair[]> {
  const text = await readIfThere(file)
  if (text === undefined) return []
  const pairs = parse(text)
  if (pairs) return pairs
  const aside = `${file}.corrupt-${Date.now()}`
  await rename(file, aside)
  log.error({ file: aside }, `The list of ${what} could not be read: put aside, starting without it.`)
  return []
}

/** @throws FsError EIO if it can't be written */
export async function writePairs(file: string, pairs: readonly Pair[]): Promise<void> {
  try {
    await replaceFile(file, JSON.stringify(pairs))
  } catch (cause) {
    throw new FsError('EIO', `${file} can't be written.`, { key: file, cause })
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readOwn(file)
  } catch (cause) {
    throw new FsError('EIO', `${file} can't be read.`, { key: file, cause })
  }
}

function parse(text: string): readonly Pair[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(isPair) ? value : undefined
  } catch {
    return undefined
  }
}

/** An id with a slash would be no folder's, and would break the listing that it is in. */
function isPair(value: unknown): value is Pair {
  if (!Array.isArray(value) || value.length === 0 || value.length > 2) return false
  return value.every((it) => typeof it === 'string' && !it.includes('/'))
}
