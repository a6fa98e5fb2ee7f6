/** A state directory without a daemon, in which files wait. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatLine } from '../../src/journal/lines.js'

/** @returns its path. A pipe, of 64 KiB, can't hold what the queue says of two thousand files. */
export async function waitingState(parent: string, files = 2_000): Promise<string> {
  const state = join(parent, 'state')
  await mkdir(join(state, 'spool'), { recursive: true, mode: 0o700 })
  await chmod(state, 0o700)
  const marker = { bucket: 'mftg-test', prefix: 'AS2/', endpoint: null, isFound: true }
  await writeFile(join(state, 'mount.json'), JSON.stringify(marker), { mode: 0o600 })
  const messages = Array.from({ length: files }, (_, i) => ({
    ...{ id: `id-${i}`, station: 'ACME', partner: 'GLOBEX', path: `order-${i}.tmp`, state: 'held', reason: 'name' },
    ...{ size: 1, mtime: 0, closedAt: 0, tries: 0 },
  }))
  await writeFile(join(state, 'spool', 'journal'), formatLine({ messages }), { mode: 0o600 })
  return state
}
