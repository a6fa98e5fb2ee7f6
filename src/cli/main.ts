/** The command line's way in: finds the command, and turns every failure into one sentence. */
import { codeOf, FsError, LinesError, UsageError } from '../errors.js'
import { NoAnswerError } from '../control/socket.js'
import { journalError } from '../telemetry/stderr.js'
import { version } from '../version.js'
import { parseCommandLine, type CommandLine } from './arguments.js'
import { isGiven } from './command.js'
import { commands } from './commands.js'
import { printable } from './format.js'
import { commandHelp, generalHelp } from './help.js'
import type { Io } from './io.js'
import { OutputError } from './output.js'

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
  let line: CommandLine | undefined
  let exitCode = 1
  try {
    line = parseCommandLine(args, commands)
    exitCode = await run(line, io)
  } catch (error) {
    // That one is told with all others whose output was lost.
    if (!(error instanceof OutputError)) say(error, io)
    if (error instanceof UsageError) exitCode = error.exitCode
  }
  // What waits in a pipe goes with the process.
  const loss = await lossOf(io)
  if (loss === undefined) return exitCode
  say(loss, io)
  await lossOf(io)
  return codeAfterLoss(line, exitCode)
}

/** UNKNOWN, as Nagios has it. */
const unknown = 3

function codeAfterLoss(line: CommandLine | undefined, exitCode: number): number {
  if (line?.kind === 'run') {
    // A code without its line is no answer of a check.
    if (isGiven(line.typed, 'check')) return unknown
    // That of `mount` says whether the mount answers, whoever could hear of what else there was to say.
    if (line.command.name === 'mount') return exitCode
  }
  return Math.max(exitCode, 1)
}

async function lossOf(io: Io): Promise<unknown> {
  return io.written().then(
    () => undefined,
    (error: unknown) => error,
  )
}

function say(error: unknown, io: Io): void {
  const sentence = `as2fs: ${sentenceOf(error)}\n`
  io.err(io.isJournal ? journalError(sentence) : sentence)
  // For those who look for the cause; others get the sentence alone.
  if (io.env.AS2FS_DEBUG !== undefined && error instanceof Error) io.err(`${error.stack ?? ''}\n`)
}

async function run(line: CommandLine, io: Io): Promise<number> {
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
  if (error instanceof OutputError) return error.message
  const limit = limits.get(codeOf(error) ?? '')
  if (limit !== undefined) return limit
  const message = error instanceof Error ? error.message : String(error)
  return `Something went wrong inside: ${printable(message)} (AS2FS_DEBUG=1 shows where).`
}
