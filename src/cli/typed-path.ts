/** The path that an option of a command names. */
import { UsageError } from '../errors.js'
import type { Typed } from './command.js'
import type { Io } from './io.js'
import { ParseError, path } from './parse.js'

/** @returns undefined if it was not given. @throws UsageError */
export function typedPath(typed: Typed, option: string, io: Pick<Io, 'cwd'>): string | undefined {
  const text = typed.options.get(option)?.at(-1)
  try {
    return text === undefined ? undefined : path(text, io.cwd)
  } catch (error) {
    throw error instanceof ParseError ? new UsageError(`--${option}: ${error.message}`) : error
  }
}
