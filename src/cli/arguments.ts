/** The command line → a command and what was typed for it. */
// Not 'yargs': what draws its help is never needed, as the help is ours, and every command would wait for it.
import { Parser } from 'yargs/helpers'
import { UsageError } from '../errors.js'
import type { Command, CommandOption, Typed } from './command.js'
import { ParseError, truth } from './parse.js'
import { didYouMean } from './suggest.js'
import { unknownOption } from './unknown-option.js'

export type CommandLine =
  | { readonly kind: 'run'; readonly command: Command; readonly typed: Typed }
  | { readonly kind: 'help'; readonly command: Command | undefined }
  | { readonly kind: 'version' }

type Parsed = Readonly<Record<string, unknown>> & { readonly _: readonly (string | number)[] }

const general = ['help', 'h', 'version']
/** Numbers, dots and dashes stand for themselves, `no-` is for flags alone, and a list takes one value at a time. */
const configuration = {
  'boolean-negation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
  'camel-case-expansion': false,
  'greedy-arrays': false,
}

/** @throws UsageError one sentence */
export function parseCommandLine(args: readonly string[], commands: readonly Command[]): CommandLine {
  const { command, parsed } = parse(args, commands)
  const positionals = parsed._.map(String).slice(command ? 1 : 0)
  if (parsed.help !== undefined) return { kind: 'help', command: command ?? named(positionals[0], commands) }
  if (parsed.version !== undefined) return { kind: 'version' }
  if (!command) {
    const [word, topic] = positionals
    if (word === 'help') return { kind: 'help', command: named(topic, commands) }
    if (word !== undefined) throw new UsageError(`${noCommand(word, commands)} See as2fs --help.`)
    refuseUnknown(parsed, [], '')
    return { kind: 'help', command: undefined }
  }
  const known = command.options.flatMap((it) => [it.name, ...(it.alias === undefined ? [] : [it.alias])])
  refuseUnknown(parsed, known, ` See as2fs ${command.name} --help.`)
  checkCount(command, positionals)
  return { kind: 'run', command, typed: { positionals, options: textsOf(parsed, command) } }
}

/** A first look, with the flags of all commands, finds the command: its first word that belongs to no option. */
function parse(
  args: readonly string[],
  commands: readonly Command[],
): { readonly command: Command | undefined; readonly parsed: Parsed } {
  const first = parsedWith(args, { flags: commands.flatMap(({ options }) => flagsOf(options)) })
  const command = commands.find(({ name }) => name === String(first._[0]))
  if (!command) return { command, parsed: first }
  const { options } = command
  const others = options.filter(({ kind }) => kind !== 'flag').map(({ name }) => name)
  const aliases = options.flatMap(({ name, alias }) => (alias === undefined ? [] : [[name, alias] as const]))
  const flags = options.filter(({ kind }) => kind === 'flag').map(({ name }) => name)
  return { command, parsed: parsedWith(plainFlags(args, flags), { flags, others, aliases }) }
}

/** As they may be typed, so that what is refused can be named so. */
function flagsOf(options: readonly CommandOption[]): string[] {
  const flags = options.filter(({ kind }) => kind === 'flag')
  return flags.flatMap(({ name, alias }) => [name, `no-${name}`, ...(alias === undefined ? [] : [alias])])
}

interface Names {
  readonly flags: readonly string[]
  readonly others?: readonly string[]
  readonly aliases?: readonly (readonly [name: string, alias: string])[]
}

function parsedWith(args: readonly string[], { flags, others = [], aliases = [] }: Names): Parsed {
  const { argv, error } = Parser.detailed([...args], {
    boolean: ['help', 'version', ...flags],
    array: [...others],
    string: [...others],
    narg: Object.fromEntries(others.map((name) => [name, 1])),
    alias: { help: ['h'], ...Object.fromEntries(aliases.map(([name, it]) => [name, [it]])) },
    configuration,
  })
  if (error) throw new UsageError(sentenceOf(error))
  return argv
}

/**
 * Flags with a value, and with `no-` before them, as the parser knows them: of all others than `true` it would make false, of
 * `--read-only=yes` too.
 * @throws UsageError for what is neither
 */
function plainFlags(args: readonly string[], flags: readonly string[]): string[] {
  const end = args.indexOf('--')
  return args.map((arg, at) => {
    if (end >= 0 && at > end) return arg
    const [, no = '', name = '', text] = /^--(no-)?([^=]+)(?:=(.*))?$/s.exec(arg) ?? []
    if (!flags.includes(name) || (no === '' && text === undefined)) return arg
    if (no === '') return `--${name}=${truthOf(name, text ?? '')}`
    if (text === undefined) return `--${name}=false`
    throw new UsageError(`--no-${name} takes no value: write --${name}=true or --${name}=false.`)
  })
}

function truthOf(name: string, text: string): boolean {
  try {
    return truth(text)
  } catch (error) {
    throw error instanceof ParseError ? new UsageError(`--${name}: ${error.message}`) : error
  }
}

/** The parser says names without their dashes. */
function sentenceOf({ message }: Error): string {
  const [, name] = /^Not enough arguments following: (\S+)$/.exec(message) ?? []
  if (name === undefined) return message
  return `The option ${name.length === 1 ? '-' : '--'}${name} needs a value.`
}

function refuseUnknown(parsed: Parsed, known: readonly string[], hint: string): void {
  const all = [...known, ...general]
  const unknown = Object.keys(parsed).find((name) => name !== '_' && !all.includes(name))
  if (unknown === undefined) return
  const words = all.filter((it) => it.length > 1)
  throw new UsageError(`${unknownOption(unknown, words)}${hint}`)
}

function checkCount({ name, usage, positionals: { min, max } }: Command, given: readonly string[]): void {
  if (given.length > max) {
    throw new UsageError(`'${given[max] ?? ''}' is one word too many; the usage is: as2fs ${name} ${usage}`)
  }
  if (given.length < min) throw new UsageError(`Something is missing; the usage is: as2fs ${name} ${usage}`)
}

function textsOf(parsed: Parsed, command: Command): Map<string, readonly string[]> {
  const texts = new Map<string, readonly string[]>()
  for (const { name } of command.options) {
    const value = parsed[name]
    const all: readonly unknown[] = Array.isArray(value) ? value : [value]
    const given = all.filter((it) => typeof it === 'string' || typeof it === 'boolean')
    if (given.length > 0) texts.set(name, given.map(String))
  }
  return texts
}

function named(word: string | undefined, commands: readonly Command[]): Command | undefined {
  if (word === undefined) return undefined
  const found = commands.find((it) => it.name === word)
  if (!found) throw new UsageError(noCommand(word, commands))
  return found
}

function noCommand(word: string, commands: readonly Command[]): string {
  const names = commands.map((it) => it.name)
  return `There is no command '${word}'.${didYouMean(word, names, (it) => `'${it}'`)}`
}
