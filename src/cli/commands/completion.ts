/** `as2fs completion`. */
import type { Command, Typed } from '../command.js'
import { bashCompletion } from '../completion/bash.js'
import { fishCompletion } from '../completion/fish.js'
import { zshCompletion } from '../completion/zsh.js'
import type { Io } from '../io.js'
import { choice, ParseError } from '../parse.js'
import { UsageError } from '../../errors.js'

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

export function run(typed: Typed, io: Io, commands: readonly Command[]): Promise<number> {
  io.out(shells[shellOf(typed.positionals[0] ?? '')](commands))
  return Promise.resolve(0)
}

function shellOf(text: string): keyof typeof shells {
  try {
    return choice('bash', 'zsh', 'fish')(text, '/')
  } catch (error) {
    throw error instanceof ParseError ? new UsageError(`The shell: ${error.message}`) : error
  }
}
