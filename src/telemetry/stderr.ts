/** stderr as the log needs it: a terminal that is stopped, or a reader that reads no more, must not stop the daemon. */
import { constants, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { kept, LineWriter } from './line-writer.js'

const stderr = 2

export interface LogOutput {
  /** Never throws, never waits. */
  write(line: string): void
}

/** @param onLost is told how many lines are lost, once others can be written again */
export function openStderr(onLost: (lines: number) => void): LogOutput {
  const found = fstatSync(stderr)
  if (found.isSocket()) return new SocketLines(onLost)
  if (found.isFile()) return new LineWriter(stderr, onLost)
  return new LineWriter(withoutWaiting(), onLost)
}

/**
 * Whether what is written to stderr goes to systemd's journal: JOURNAL_STREAM names it by device and inode, and is inherited by who
 * writes elsewhere, too.
 * @see systemd.exec(5)
 */
export function isJournal(env: Readonly<NodeJS.ProcessEnv>): boolean {
  const { JOURNAL_STREAM: stream } = env
  if (stream === undefined) return false
  try {
    const { dev, ino } = fstatSync(stderr, { bigint: true })
    return stream === `${dev}:${ino}`
  } catch {
    return false
  }
}

/** A line or several, as the journal takes them for an error. */
export function journalError(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '<3>')
}

/** Opened once more, since O_NONBLOCK would be everybody's who has inherited it: the shell's, of a terminal. */
function withoutWaiting(): number {
  const { O_WRONLY, O_APPEND, O_NONBLOCK, O_NOCTTY } = constants
  try {
    return openSync(`/proc/self/fd/${stderr}`, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY)
  } catch {
    // Another user's terminal, by su.
    return stderr
  }
}

/** A socket can't be opened once more; Node's own writes what it takes at once, and keeps the rest. */
class SocketLines implements LogOutput {
  readonly #socket = new Socket({ fd: stderr, readable: false, writable: true })
  #lost = 0

  constructor(onLost: (lines: number) => void) {
    this.#socket.unref()
    this.#socket.on('error', () => undefined)
    this.#socket.on('drain', () => {
      const lost = this.#lost
      this.#lost = 0
      if (lost > 0) onLost(lost)
    })
  }

  write(line: string): void {
    if (this.#socket.destroyed) return
    if (this.#socket.writableLength > kept) this.#lost += 1
    else this.#socket.write(line)
  }
}
