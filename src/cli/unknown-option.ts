/** The sentence for an option that there is not. */
import { isOptionName, mountOptions, type OptionName } from './options.js'
import { didYouMean } from './suggest.js'

/** Part of the plan, and not of this version. */
const later = new Set(['xattr'])

/** @param dash what stands before the name, `--` or `-o ` */
export function unknownOption(name: string, known: Iterable<string>, dash = '--'): string {
  if (later.has(name)) return `${dash}${name} is not part of this version yet: leave it out.`
  const shown = name.length === 1 && dash === '--' ? `-${name}` : `${dash}${name}`
  return `There is no option ${shown}.${didYouMean(name, known, (it) => `${dash}${it}`)}`
}

/** The flag that a word with `no` before it is to switch off, in places that know no such words. */
export function switchedOff(word: string): OptionName | undefined {
  const name = /^no[-_]?(.+)$/.exec(word)?.[1]?.replaceAll('_', '-') ?? ''
  return isOptionName(name) && mountOptions[name].kind === 'flag' ? name : undefined
}
