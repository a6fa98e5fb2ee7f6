/** The configuration file. */
import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { reasonOf, UsageError } from '../errors.js'
import { notAFile } from '../plain-file.js'
import { isList, isOptionName, optionNames, type OptionName } from './options.js'
import type { Source } from './settings.js'
import { didYouMean } from './suggest.js'

/** What stands on the command line without a name. */
const wordKeys = ['bucket', 'mountpoint'] as const

export type WordKey = (typeof wordKeys)[number]

export interface SettingsFile {
  readonly source: Source
  /** Bucket and mountpoint as the file has them, if it has. */
  readonly words: Readonly<Partial<Record<WordKey, string>>>
}

/**
 * A YAML file; all its scalars are texts, as on the command line.
 * @param file absolute
 * @throws UsageError
 */
export function fromFile(file: string): SettingsFile {
  const document = parseDocument(readText(file), { schema: 'failsafe' })
  const [error] = document.errors
  if (error) throw new UsageError(`${file} is not YAML: ${(error.message.split('\n')[0] ?? '').replace(/:$/, '.')}`)
  const texts = new Map<OptionName, readonly string[]>()
  const { contents } = document
  if (contents !== null && !isMap(contents) && !(isScalar(contents) && contents.value === '')) {
    throw new UsageError(`${file} is not a list of options; write for example 'list-ttl: 5s', one a line.`)
  }
  const words: Partial<Record<WordKey, string>> = {}
  for (const { key, value } of isMap(contents) ? contents.items : []) {
    const name = keyOf(key, file)
    if (isWordKey(name)) words[name] = scalarOf(value, name, file)
    else texts.set(name, textsOf(value, name, file))
  }
  return { source: { texts, label: (name) => `${name} in ${file}`, base: dirname(file) }, words }
}

function readText(file: string): string {
  try {
    const other = notAFile(file, statSync(file))
    if (other !== undefined) throw new UsageError(`The configuration file ${file} is no file, but ${other}.`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof UsageError) throw error
    const code = reasonOf(error)
    throw new UsageError(`The configuration file ${file} can't be read (${code}).`)
  }
}

function keyOf(key: unknown, file: string): OptionName | WordKey {
  const text = isScalar(key) ? String(key.value) : ''
  // A file that names another would be a chain that nobody can follow.
  if (text === 'config') throw new UsageError(`${file} names another configuration file: there can be only one.`)
  if (isOptionName(text) || isWordKey(text)) return text
  throw new UsageError(`${file}: there is no option '${text}'.${didYouMean(text, [...wordKeys, ...optionNames])}`)
}

function isWordKey(text: string): text is WordKey {
  return wordKeys.some((it) => it === text)
}

function scalarOf(value: unknown, name: WordKey, file: string): string {
  if (isScalar(value) && String(value.value) !== '') return String(value.value)
  throw new UsageError(`${file}: ${name} has no value.`)
}

function textsOf(value: unknown, name: OptionName, file: string): readonly string[] {
  if (isScalar(value)) return [String(value.value)]
  if (isSeq(value) && isList(name) && value.items.every(isScalar)) return value.items.map((it) => String(it.value))
  throw new UsageError(`${file}: ${name} ${isList(name) ? 'is neither a value nor a list of values' : 'has no value'}.`)
}
