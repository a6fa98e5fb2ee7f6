/** Whether others may read a file that holds a secret. */
import { stat } from 'node:fs/promises'

/**
 * @param called what the sentence calls it: `credentials`
 * @returns one sentence; undefined if it is well, or not there
 */
export async function exposureOf(called: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  const found = await stat(file).catch(() => undefined)
  if (!found || (found.mode & 0o077) === 0) return undefined
  const who = (found.mode & 0o007) === 0 ? 'its group' : 'others'
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
  return `The ${called} file ${file} may be read by ${who} (mode ${mode}): chmod 600 it.`
}
