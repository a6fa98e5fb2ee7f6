/** The log: pino behind the few methods that the rooms use. Secrets never reach it: rooms log keys, codes and sentences. */
import { pino, type Logger as PinoLogger } from 'pino'

/** Fields first, then one sentence. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'child'>

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** A file to append to (reopened by nobody: rotate with copytruncate); undefined: stderr. */
  readonly file: string | undefined
  /** For people at a terminal, instead of JSON lines. */
  readonly pretty: boolean
}

/** @throws the file's own error if it can't be opened */
export function createLogger(options: LogOptions): PinoLogger {
  const base = { level: options.level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }
  if (options.file !== undefined) {
    return pino(base, pino.destination({ dest: options.file, append: true, mkdir: true, sync: true }))
  }
  if (options.pretty) {
    return pino({
      ...base,
      transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid', translateTime: 'HH:MM:ss' } },
    })
  }
  return pino(base, pino.destination({ dest: 2, sync: true }))
}

/** Says nothing; for tests and for rooms used alone. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
