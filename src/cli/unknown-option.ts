/** The sentence for an option that there is not. */
import { didYouMean } from './suggest.js'

/** Part of the plan, and not of this version. */
const later = new Set(['reconcile', 'audit-log', 'metrics-port', 'xattr', 'new-from'])

/** @param dash what stands before the name, `--` or `-o ` */
export function unknownOption(name: string, known: Iterable<string>, dash = '--'): string {
  if (later.has(name)) return `${dash}${name} is not part of this version yet: leave it out.`
  const shown = name.length === 1 && dash === '--' ? `-${name}` : `${dash}${name}`
  return `There is no option ${shown}.${didYouMean(name, known, (it) => `${dash}${it}`)}`
}
