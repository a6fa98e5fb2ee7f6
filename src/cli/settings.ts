/** Texts for options from the places where they may stand, and which of them counts: flags, environment, file, default. */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { UsageError } from '../errors.js'
import { isOptionName, mountOptions, optionNames, variableOf, type OptionName, type OptionValues } from './options.js'
import { ParseError } from './parse.js'
import { splitList } from './mount-words.js'
import { didYouMean, nearest } from './suggest.js'

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
    const meant = nearest(word, optionNames)
    if (isOptionName(word)) texts.set(word, isList(word) ? splitList(text) : [text])
    else if (meant !== undefined) {
      throw new UsageError(`There is no variable ${variable}. Did you mean ${variableOf(meant)}?`)
    }
  }
  return { texts, label: variableOf, base }
}

/**
 * A YAML file; all its scalars are texts, as on the command line.
 * @param file absolute
 * @throws UsageError
 */
export function fromFile(file: string): Source {
  const document = parseDocument(readText(file), { schema: 'failsafe' })
  const [error] = document.errors
  if (error) throw new UsageError(`${file} is not YAML: ${(error.message.split('\n')[0] ?? '').replace(/:$/, '.')}`)
  const texts = new Map<OptionName, readonly string[]>()
  const { contents } = document
  if (contents !== null && !isMap(contents) && !(isScalar(contents) && contents.value === '')) {
    throw new UsageError(`${file} is not a list of options; write for example 'list-ttl: 5s', one a line.`)
  }
  for (const { key, value } of isMap(contents) ? contents.items : []) {
    const name = keyOf(key, file)
    texts.set(name, textsOf(value, name, file))
  }
  return { texts, label: (name) => `${name} in ${file}`, base: dirname(file) }
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

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(`The configuration file ${file} can't be read (${code}).`)
  }
}

function keyOf(key: unknown, file: string): OptionName {
  const text = isScalar(key) ? String(key.value) : ''
  // A file that names another would be a chain that nobody can follow.
  if (text === 'config') throw new UsageError(`${file} names another configuration file: there can be only one.`)
  if (isOptionName(text)) return text
  throw new UsageError(`${file}: there is no option '${text}'.${didYouMean(text, optionNames)}`)
}

function textsOf(value: unknown, name: OptionName, file: string): readonly string[] {
  if (isScalar(value)) return [String(value.value)]
  if (isSeq(value) && isList(name) && value.items.every(isScalar)) return value.items.map((it) => String(it.value))
  throw new UsageError(`${file}: ${name} ${isList(name) ? 'is neither a value nor a list of values' : 'has no value'}.`)
}

function isList(name: OptionName): boolean {
  return mountOptions[name].kind === 'list'
}
