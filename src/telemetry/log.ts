/** The log: pino behind the few methods that the rooms use. Secrets never reach it: rooms log keys, codes and sentences. */
import { pino, type Logger as PinoLogger } from 'pino'
import { kept, LogFile } from './log-file.js'

/** Fields first, then one sentence. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'child'>

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** A file to append to; undefined: stderr. */
  readonly file: string | undefined
  /** For people at a terminal, instead of JSON lines. */
  readonly pretty: boolean
}

export interface OpenLog {
  readonly log: Logger
  /** The file of that name from now on, after a rotation; what can't be opened is logged, and the old one stays. */
  reopen(): void
}

/** @throws the file's own error if it can't be opened */
export function openLog(options: LogOptions): OpenLog {
  const base = { level: options.level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }
  if (options.file !== undefined) {
    const file = new LogFile(options.file)
    const log = pino(base, file)
    return { log, reopen: () => reopened(file, log) }
  }
  const reopen = (): void => undefined
  if (!options.pretty) return { log: pino(base, neverFailing()), reopen }
  const transport = { target: 'pino-pretty', options: { destination: 2, ignore: 'pid', translateTime: 'HH:MM:ss' } }
  return { log: pino({ ...base, transport }), reopen }
}

/** One that nobody opens anew. @throws as `openLog` */
export function createLogger(options: LogOptions): Logger {
  return openLog(options).log
}

function reopened(file: LogFile, log: Logger): void {
  try {
    file.reopen()
  } catch (err) {
    log.error({ err }, `The log file can't be opened anew: the old one is written to.`)
  }
}

/** A full disk must not end what it is told of: by itself pino throws, out of the call that logs and once more out of nowhere. */
function neverFailing(): pino.DestinationStream {
  const stream = pino.destination({ dest: 2, sync: true, maxLength: kept })
  stream.removeAllListeners('error')
  stream.on('error', () => undefined)
  return stream
}

/** Says nothing; for tests and for rooms used alone. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
