/** What a command is: its words, for the parser and for `--help`, and what it does. */
import type { Io } from './io.js'

/** An option of a command, as parser and help need it. */
export interface CommandOption {
  readonly name: string
  /** One letter. */
  readonly alias?: string
  readonly kind: 'value' | 'list' | 'flag'
  readonly placeholder: string
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
  /** @returns the exit code; throws UsageError for one sentence and exit code 1 */
  run(typed: Typed, io: Io): Promise<number>
}

export interface Command {
  readonly name: string
  /** What stands after the name. */
  readonly usage: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Paragraphs for its own help. */
  readonly description: readonly string[]
  readonly positionals: { readonly min: number; readonly max: number }
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

/** Whether a flag without a value was given. */
export function isGiven(typed: Typed, name: string): boolean {
  const text = typed.options.get(name)?.at(-1)
  return text !== undefined && text !== 'false'
}
