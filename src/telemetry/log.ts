/** The log: pino behind the few methods that the rooms use. Secrets never reach it: rooms log keys, codes and sentences. */
import { pino, type Logger as PinoLogger } from 'pino'
import type { Bytes } from '../units.js'

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
  if (options.file !== undefined) return pino(base, neverFailing({ dest: options.file, append: true, mkdir: true }))
  if (options.pretty) {
    return pino({
      ...base,
      transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid', translateTime: 'HH:MM:ss' } },
    })
  }
  return pino(base, neverFailing({ dest: 2 }))
}

/** What can't be written meanwhile is kept up to here, and then dropped. */
const kept: Bytes = 256 * 1024

/**
 * A full disk must not end what it is told of: by itself pino throws, out of the call that logs and once more out of nowhere.
 * What could not be written comes with the next line that can.
 */
function neverFailing(where: { dest: string | number; append?: boolean; mkdir?: boolean }): pino.DestinationStream {
  const stream = pino.destination({ ...where, sync: true, maxLength: kept })
  stream.removeAllListeners('error')
  stream.on('error', () => undefined)
  return stream
}

/** Says nothing; for tests and for rooms used alone. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
