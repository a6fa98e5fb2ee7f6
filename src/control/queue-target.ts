/** Which file of the queue a person means. Pure. */
import { FsError } from '../errors.js'
import type { SendRow } from '../send/sender.js'

/**
 * @param wanted an id, a name (`order.edi`), or more of the path (`ACME/GLOBEX/send/order.edi`)
 * @throws FsError ENOENT if there is none, EINVAL if there are several, with a sentence
 */
export function findRow(rows: readonly SendRow[], wanted: string): SendRow {
  const byId = rows.find((row) => row.id === wanted)
  if (byId) return byId
  const found = rows.filter((row) => namesOf(row).includes(wanted.replace(/^\//, '')))
  const [first, ...others] = found
  if (!first) throw new FsError('ENOENT', `There is no file '${wanted}' in the queue.`)
  if (others.length === 0) return first
  const choices = found.map((row) => `${row.station}/${row.partner}/${row.path}`)
  throw new FsError('EINVAL', `There are ${found.length} files named '${wanted}': say which (${choices.join(', ')}).`)
}

function namesOf(row: SendRow): string[] {
  const owner = `${row.station}/${row.partner}`
  return [row.path, `${owner}/${row.path}`, `${owner}/send/${row.path}`]
}
