/** What a command knows of the process it runs in: an argument, so that tests have their own. */
import { isJournal } from '../telemetry/stderr.js'
import { Output } from './output.js'

export interface Io {
  /** Prints. Never throws: whether it was written is known by `written`. */
  out(text: string): void
  err(text: string): void
  /** Resolves once all that was printed so far is written, which waits for whoever reads. @throws OutputError if some of it never will be */
  written(): Promise<void>
  /** What is done once nobody reads what is printed any more; else the process ends at once, with 0. */
  whenUnread(act: () => void): void
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
  // A reader that has seen enough (`as2fs queue | head`) is no failure.
  let leave = (): void => process.exit(0)
  const out = new Output(process.stdout, () => leave())
  const err = new Output(process.stderr, () => undefined)
  return {
    out: (text) => out.write(text),
    err: (text) => err.write(text),
    written: async () => {
      await out.written()
      await err.written()
    },
    whenUnread: (act) => (leave = act),
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
