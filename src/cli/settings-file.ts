/** The configuration file. */
import { isUtf8 } from 'node:buffer'
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMap, isScalar, isSeq, parseDocument, type YAMLError } from 'yaml'
import { reasonOf, UsageError } from '../errors.js'
import { notAFile } from '../plain-file.js'
import { isList, isOptionName, optionNames, type OptionName } from './options.js'
import type { Source } from './settings.js'
import type { Bytes } from '../units.js'
import { didYouMean } from './suggest.js'
import { switchedOff } from './unknown-option.js'

/** What stands on the command line without a name. */
const wordKeys = ['bucket', 'mountpoint'] as const

/** The partners of many stations, each a line. */
const longest: Bytes = 1024 ** 2
/** Levels of lists in lists. */
const deepest = 100
/** So many lists that begin in one line, or so far to the right. */
const isInRow = /(?:[-?:][ \t]+){100}|^ {1000}/m

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
  const text = readText(file)
  if (isDeep(text)) throw new UsageError(`${file} is not YAML: it is nested too deeply.`)
  // Its own look for keys that come twice compares each with each.
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false })
  const [error] = document.errors
  if (error) throw new UsageError(`${file} is not YAML: ${reasonFor(error)}`)
  const texts = new Map<OptionName, readonly string[]>()
  const { contents } = document
  if (contents !== null && !isMap(contents) && !(isScalar(contents) && contents.value === '')) {
    throw new UsageError(`${file} is not a list of options; write for example 'list-ttl: 5s', one a line.`)
  }
  const words: Partial<Record<WordKey, string>> = {}
  for (const { key, value } of isMap(contents) ? contents.items : []) {
    const name = keyOf(key, file)
    if (name in words || texts.has(name as OptionName)) throw new UsageError(`${file} has ${name} twice: leave one.`)
    if (isWordKey(name)) words[name] = scalarOf(value, name, file)
    else texts.set(name, textsOf(value, name, file))
  }
  return { source: { texts, label: (name) => `${name} in ${file}`, base: dirname(file) }, words }
}

/** @throws UsageError for what is no text, or more than anybody writes */
function readText(file: string): string {
  const bytes = readBytes(file)
  if (bytes.length > longest) {
    throw new UsageError(`The configuration file ${file} is too large: it has more than 1 MiB. Is it another's?`)
  }
  // It is what Node's own reading leaves out.
  const text = new TextDecoder().decode(bytes)
  if (isUtf8(bytes) && !text.includes('\0')) return text
  throw new UsageError(`The configuration file ${file} is no text in UTF-8.`)
}

/** One byte more than the longest, if there are so many: some files don't say how long they are. */
function readBytes(file: string): Buffer {
  let descriptor: number | undefined
  try {
    const other = notAFile(file, statSync(file))
    if (other !== undefined) throw new UsageError(`The configuration file ${file} is no file, but ${other}.`)
    // Of what has no bytes yet reading would wait.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const bytes = Buffer.alloc(longest + 1)
    let length = 0
    for (let more = -1; more !== 0 && length < bytes.length; length += more) {
      more = readSync(descriptor, bytes, length, bytes.length - length, null)
    }
    return bytes.subarray(0, length)
  } catch (error) {
    if (error instanceof UsageError) throw error
    const code = reasonOf(error)
    throw new UsageError(`The configuration file ${file} can't be read (${code}).`)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/**
 * Deeper than any options are. The parser goes down a level for each of these, and where the stack ends in the middle of a regular
 * expression V8 ends the process.
 */
function isDeep(text: string): boolean {
  let depth = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1)
    if (depth > deepest) return true
  }
  return isInRow.test(text)
}

function reasonFor({ code, message, linePos }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return `a line --- begins another document, at line ${linePos?.[0].line ?? '?'}.`
  return (message.split('\n')[0] ?? '').replace(/:$/, '.')
}

function keyOf(key: unknown, file: string): OptionName | WordKey {
  const text = isScalar(key) ? String(key.value) : ''
  // A file that names another would be a chain that nobody can follow.
  if (text === 'config') throw new UsageError(`${file} names another configuration file: there can be only one.`)
  if (isOptionName(text) || isWordKey(text)) return text
  const flag = switchedOff(text)
  if (flag !== undefined) throw new UsageError(`${file}: there is no option '${text}': write '${flag}: false'.`)
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
