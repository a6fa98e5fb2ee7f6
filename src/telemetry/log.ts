/** The log: pino behind the few methods that the rooms use. Secrets never reach it: rooms log keys, codes and sentences. */
import { pino, type Logger as PinoLogger } from 'pino'
import { LogFile } from './log-file.js'
import { openStderr, type LogOutput } from './stderr.js'

/** Fields first, then one sentence. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** What a line on stderr looks like: JSON, JSON behind the journal's `<4>`, or words for people at a terminal. */
export type LogStyle = 'json' | 'journal' | 'pretty'

export interface LogOptions {
  readonly level: LogLevel
  /** A file to append JSON lines to; undefined: stderr. */
  readonly file: string | undefined
  /** Of stderr. */
  readonly style: LogStyle
}

export interface OpenLog {
  readonly log: Logger
  /** The file of that name from now on, after a rotation; what can't be opened is logged, and the old one stays. */
  reopen(): void
  setLevel(level: LogLevel): void
}

/** syslog(3)'s, which the journal knows, by pino's. */
const priorities: Readonly<Record<number, number>> = { 20: 7, 30: 6, 40: 4, 50: 3, 60: 2 }

/** @throws the file's own error if it can't be opened */
export async function openLog({ level, file: path, style }: LogOptions): Promise<OpenLog> {
  const base = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }
  const onLost = (lines: number): void =>
    log.warn({ lines }, `${lines} lines of the log are lost: they could not be written.`)
  const file = path === undefined ? undefined : new LogFile(path, onLost)
  const log = pino(base, file ?? (await styled(style, openStderr(onLost))))
  return {
    log,
    reopen: () => file && reopened(file, log),
    setLevel: (to) => (log.level = to),
  }
}

async function styled(style: LogStyle, output: LogOutput): Promise<LogOutput> {
  if (style === 'json') return output
  if (style === 'journal') {
    return { write: (line) => output.write(`<${priorities[levelOf(line)] ?? 6}>${line}`) }
  }
  // Few look at it so. No transport: that is a thread, which a bundle of the program can't start.
  const { prettyFactory, isColorSupported } = await import('pino-pretty')
  const pretty = prettyFactory({ colorize: isColorSupported, ignore: 'pid', translateTime: 'HH:MM:ss' })
  return { write: (line) => output.write(pretty(harmless(line))) }
}

/** Control characters, which others may have chosen, stay escaped: they are for the terminal. */
function harmless(line: string): string {
  return line.replaceAll(/(?<!\\)((?:\\\\)*)\\u00/g, '$1\\\\u00')
}

/** pino's lines begin with it. */
function levelOf(line: string): number {
  return Number(/^\{"level":(\d+)/.exec(line)?.[1])
}

function reopened(file: LogFile, log: Logger): void {
  try {
    file.reopen()
  } catch (err) {
    log.error({ err }, `The log file can't be opened anew: the old one is written to.`)
  }
}

/** Says nothing; for tests and for rooms used alone. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
