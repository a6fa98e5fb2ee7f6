/** The sentence for an option that there is not. */
import { isOptionName, mountOptions, type OptionName } from './options.js'
import { didYouMean } from './suggest.js'

/** @param dash what stands before the name, `--` or `-o ` */
export function unknownOption(name: string, known: Iterable<string>, dash = '--'): string {
  const shown = name.length === 1 && dash === '--' ? `-${name}` : `${dash}${name}`
  return `There is no option ${shown}.${didYouMean(name, known, (it) => `${dash}${it}`)}`
}

/** The flag that a word with `no` before it is to switch off, in places that know no such words. */
export function switchedOff(word: string): OptionName | undefined {
  const name = /^no[-_]?(.+)$/.exec(word)?.[1]?.replaceAll('_', '-') ?? ''
  return isOptionName(name) && mountOptions[name].kind === 'flag' ? name : undefined
}
