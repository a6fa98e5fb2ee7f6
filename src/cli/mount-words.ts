/** The words after `-o`, as mount(8) and /etc/fstab write them. Pure. */
import { UsageError } from '../errors.js'
import type { Typed } from './command.js'
import { isOptionName, mountOptions, optionNames, type OptionName } from './options.js'
import { switchedOff, unknownOption } from './unknown-option.js'

/** What fstab says to mount(8), systemd and others, or what holds anyway. */
const forOthers = new Set([
  ...['rw', 'defaults', 'auto', 'noauto', 'nofail', '_netdev', 'user', 'users', 'nouser', 'owner', 'group'],
  ...['exec', 'noexec', 'suid', 'nosuid', 'dev', 'nodev', 'atime', 'noatime', 'relatime', 'norelatime', 'diratime'],
  ...['nodiratime', 'strictatime', 'lazytime', 'nolazytime', 'sync', 'async', 'dirsync', 'silent', 'loud'],
])
const prefixesForOthers = [/^x-/i, /^comment=/, /^user=/]
const cannotRemount =
  'The options of a mount of as2fs stay as they are as long as it is there (-o remount): unmount it, and mount it again.'

/**
 * @param lists what was given with each `-o`
 * @returns texts by option, as if they were flags
 * @throws UsageError for a word that is no option
 */
export function parseMountWords(lists: readonly string[]): Map<OptionName, string[]> {
  const texts = new Map<OptionName, string[]>()
  for (const word of lists.flatMap(splitList)) {
    if (word === 'remount') throw new UsageError(cannotRemount)
    if (word === '' || forOthers.has(word) || prefixesForOthers.some((it) => it.test(word))) continue
    const [name, text] = splitWord(word)
    texts.set(name, [...(texts.get(name) ?? []), text])
  }
  return texts
}

/** Flags, and the words after `-o`; where both set an option, the flag counts, and lists are joined. */
export function flagsOf(typed: Typed): Map<OptionName, readonly string[]> {
  const flags = new Map<OptionName, readonly string[]>(parseMountWords(typed.options.get('o') ?? []))
  for (const [name, texts] of typed.options) {
    if (isOptionName(name)) flags.set(name, [...(flags.get(name) ?? []), ...texts])
  }
  return flags
}

/** Splits at commas; `\,` is a comma, `\\` a backslash. */
export function splitList(text: string): string[] {
  const pieces = text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []
  return pieces.map((piece) => piece.replaceAll(/\\([\\,])/g, '$1'))
}

function splitWord(word: string): [OptionName, string] {
  if (word === 'ro') return ['read-only', 'true']
  const equals = word.indexOf('=')
  // libfuse writes allow_other.
  const typed = equals < 0 ? word : word.slice(0, equals)
  const name = typed.replaceAll('_', '-')
  if (!isOptionName(name)) throw new UsageError(unknownWord(typed))
  if (equals >= 0) return [name, word.slice(equals + 1)]
  if (mountOptions[name].kind === 'flag') return [name, 'true']
  throw new UsageError(`-o ${name} needs a value: -o ${name}=${mountOptions[name].placeholder}.`)
}

function unknownWord(word: string): string {
  const flag = switchedOff(word)
  if (flag !== undefined) return `There is no option -o ${word}: write -o ${flag}=false.`
  return unknownOption(word, optionNames, '-o ')
}
