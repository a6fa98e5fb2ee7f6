/** What a command knows of the process it runs in: an argument, so that tests have their own. */
import { isJournal } from '../telemetry/stderr.js'

export interface Io {
  out(text: string): void
  err(text: string): void
  readonly env: Readonly<NodeJS.ProcessEnv>
  /** Where relative paths begin. */
  readonly cwd: string
  /** Width of the terminal; undefined if the output goes elsewhere. */
  readonly columns: number | undefined
  /** Whether somebody reads stderr as it comes. */
  readonly isTerminal: boolean
  /** Whether stderr goes to systemd's journal. */
  readonly isJournal: boolean
  /** Starts as2fs anew: program and first arguments. */
  readonly program: readonly [command: string, ...args: string[]]
}

export function processIo(): Io {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    cwd: workingDirectory(),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    isTerminal: process.stderr.isTTY,
    isJournal: isJournal(process.env),
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? 'as2fs'],
  }
}

/** That of a process whose folder was removed names nothing, and no command needs it that is given absolute paths. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return '/proc/self/cwd'
  }
}
