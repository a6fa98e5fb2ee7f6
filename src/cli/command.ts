/** What a command is: its words, for the parser and for `--help`, and what it does. */
import type { Io } from './io.js'

/** What a word may be, for completions: one of a few, a path, the mountpoint of a mount that is there, or what nobody else can know. */
export type Takes = readonly string[] | 'file' | 'directory' | 'mountpoint' | 'other'

/** An option of a command, as parser and help need it. */
export interface CommandOption {
  readonly name: string
  /** One letter. */
  readonly alias?: string
  readonly kind: 'value' | 'list' | 'flag'
  readonly placeholder: string
  /** All that its value may be. */
  readonly choices?: readonly string[] | undefined
  readonly group: string
  readonly help: string
  /** The default; empty: nothing to show. */
  readonly shown: string
}

/** What the user typed. */
export interface Typed {
  readonly positionals: readonly string[]
  /** The texts of each option that was given. */
  readonly options: ReadonlyMap<string, readonly string[]>
}

interface Doing {
  /**
   * @param commands all that there are
   * @returns the exit code; throws UsageError for one sentence and exit code 1
   */
  run(typed: Typed, io: Io, commands: readonly Command[]): Promise<number>
}

export interface Command {
  readonly name: string
  /** What stands after the name. */
  readonly usage: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Paragraphs for its own help. */
  readonly description: readonly string[]
  /** How many words stand after the name, and what each may be. */
  readonly positionals: { readonly min: number; readonly max: number; readonly are: readonly Takes[] }
  readonly options: readonly CommandOption[]
  /** Command lines, each with what it is for. */
  readonly examples: readonly (readonly [command: string, purpose: string])[]
  /** What it does, with all that it needs: `--help`, and the other commands, do without. */
  load(): Promise<Doing>
}

export const jsonOption: CommandOption = {
  name: 'json',
  kind: 'flag',
  placeholder: '',
  group: 'Options',
  help: 'print JSON, for programs',
  shown: '',
}

export const checkOption: CommandOption = {
  name: 'check',
  kind: 'flag',
  placeholder: '',
  group: 'Options',
  help: 'one line and an exit code, for Nagios and its like',
  shown: '',
}

/** What stands after an option; undefined: nothing. */
export function valueOf({ kind, choices, placeholder }: CommandOption): Takes | undefined {
  if (kind === 'flag') return undefined
  if (choices) return choices
  return placeholder === 'FILE' ? 'file' : placeholder === 'DIR' ? 'directory' : 'other'
}

/** Whether a flag without a value was given. */
export function isGiven(typed: Typed, name: string): boolean {
  const text = typed.options.get(name)?.at(-1)
  return text !== undefined && text !== 'false'
}
