/** Texts for options from the places where they may stand, and which of them counts: flags, environment, file, default. */
import { UsageError } from '../errors.js'
import {
  isList,
  isOptionName,
  mountOptions,
  optionNames,
  variableOf,
  type OptionName,
  type OptionValues,
} from './options.js'
import { ParseError } from './parse.js'
import { splitList } from './mount-words.js'
import { nearest } from './suggest.js'
import { switchedOff } from './unknown-option.js'

/** The texts that one place has for the options it sets. */
export interface Source {
  readonly texts: ReadonlyMap<OptionName, readonly string[]>
  /** How a mistake there is called: `--list-ttl`, `AS2FS_LIST_TTL`. */
  readonly label: (name: OptionName) => string
  /** Where relative paths begin. */
  readonly base: string
}

/**
 * AS2FS_* variables; lists are separated by commas. Others are left alone, unless they look like a slip of the pen.
 * @throws UsageError
 */
export function fromEnvironment(env: Readonly<NodeJS.ProcessEnv>, base: string): Source {
  const texts = new Map<OptionName, readonly string[]>()
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('AS2FS_') || text === undefined) continue
    const word = variable.slice('AS2FS_'.length).toLowerCase().replaceAll('_', '-')
    if (isOptionName(word)) texts.set(word, isList(word) ? splitList(text) : [text])
    else refuseSlip(variable, word)
  }
  return { texts, label: variableOf, base }
}

function refuseSlip(variable: string, word: string): void {
  const flag = switchedOff(word)
  if (flag !== undefined) throw new UsageError(`There is no variable ${variable}: write ${variableOf(flag)}=false.`)
  const meant = nearest(word.replace(/^no-/, ''), optionNames) ?? nearest(word, optionNames)
  if (meant === undefined) return
  throw new UsageError(`There is no variable ${variable}. Did you mean ${variableOf(meant)}?`)
}

/**
 * @param sources the first that sets an option has it
 * @throws UsageError for a text that makes no sense
 */
export function settle(sources: readonly Source[]): OptionValues {
  const values = new Map<OptionName, unknown>()
  for (const name of optionNames) {
    const source = sources.find((it) => it.texts.has(name))
    values.set(name, source ? valueOf(name, source) : mountOptions[name].fallback)
  }
  return Object.fromEntries(values) as OptionValues
}

/** @throws UsageError */
export function valueOf<Name extends OptionName>(name: Name, source: Source): OptionValues[Name] | undefined {
  const texts = source.texts.get(name)
  if (!texts) return undefined
  try {
    return mountOptions[name].parse(texts, source.base) as OptionValues[Name]
  } catch (error) {
    if (error instanceof ParseError) throw new UsageError(`${source.label(name)}: ${error.message}`)
    throw error
  }
}
