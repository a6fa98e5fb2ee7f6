/** The command line's way in: finds the command, and turns every failure into one sentence. */
import { codeOf, FsError, LinesError, UsageError } from '../errors.js'
import { NoAnswerError } from '../control/socket.js'
import { journalError } from '../telemetry/stderr.js'
import { version } from '../version.js'
import { parseCommandLine } from './arguments.js'
import { commands } from './commands.js'
import { printable } from './format.js'
import { commandHelp, generalHelp } from './help.js'
import type { Io } from './io.js'

/** What keeps a process from going on at all, and who can change that. */
const limits: ReadonlyMap<string, string> = new Map([
  ['EMFILE', 'Too few files may be open in this process: raise LimitNOFILE (systemd) or ulimit -n, and try again.'],
  ['ENFILE', 'Too many files are open on this machine: raise the sysctl fs.file-max, and try again.'],
  ['EFBIG', 'A file may not grow as large as it must: raise LimitFSIZE (systemd) or ulimit -f, and try again.'],
])

/**
 * @param args without the program's name
 * @returns the exit code; never throws
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    return await run(args, io)
  } catch (error) {
    const sentence = `as2fs: ${sentenceOf(error)}\n`
    io.err(io.isJournal ? journalError(sentence) : sentence)
    // For those who look for the cause; others get the sentence alone.
    if (io.env.AS2FS_DEBUG !== undefined && error instanceof Error) io.err(`${error.stack ?? ''}\n`)
    return error instanceof UsageError ? error.exitCode : 1
  }
}

async function run(args: readonly string[], io: Io): Promise<number> {
  const line = parseCommandLine(args, commands)
  switch (line.kind) {
    case 'help':
      io.out(line.command ? commandHelp(line.command, io.columns) : generalHelp(commands, io.columns))
      return 0
    case 'version':
      io.out(`as2fs ${version}\n`)
      return 0
    case 'run':
      return (await line.command.load()).run(line.typed, io, commands)
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof LinesError) return error.message.split('\n').map(printable).join('\n')
  // A path in it may have a line feed, too.
  if (error instanceof UsageError || error instanceof FsError || error instanceof NoAnswerError) {
    return printable(error.message)
  }
  const limit = limits.get(codeOf(error) ?? '')
  if (limit !== undefined) return limit
  const message = error instanceof Error ? error.message : String(error)
  return `Something went wrong inside: ${printable(message)} (AS2FS_DEBUG=1 shows where).`
}
