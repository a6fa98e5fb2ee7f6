/** Looks at paths that may hang, in a process of its own: a call that never returns would keep this one from ending. */
import { spawn } from 'node:child_process'
import type { Milliseconds } from '../units.js'

export interface Look {
  /** Undefined: it did not end in time, by itself, or could not be started. */
  readonly code: number | undefined
  /** The machine may start no more processes, or lack the program. */
  readonly wasStarted: boolean
  readonly stdout: string
  /** In English. */
  readonly stderr: string
}

/** The mount's own deadline for a call is longer; a command should not wait for that. */
const lookWithin: Milliseconds = 5_000

/** @param args of one of coreutils' programs; paths after `--` */
export async function lookByProcess(
  program: 'cat' | 'realpath' | 'stat',
  args: readonly string[],
  within = lookWithin,
): Promise<Look> {
  // A program is looked for in the system's folders first: another of PATH may be in the very mount that hangs.
  const path = ['/usr/bin', '/bin', process.env.PATH ?? ''].join(':')
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', PATH: path },
  })
  let [stdout, stderr] = ['', '']
  return new Promise((resolve) => {
    const end = (code: number | null): void => {
      clearTimeout(timer)
      resolve({ code: code ?? undefined, wasStarted: child.pid !== undefined, stdout, stderr })
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
      end(null)
    }, within)
    child.on('error', () => end(null))
    child.on('close', end)
    // Where no descriptors are left for its pipes, there are none.
    if (child.pid === undefined) return
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  })
}

/** Whether a call said ENOTCONN: the daemon of the mount there has died. */
export function saysDead({ stderr }: Look): boolean {
  return stderr.includes('Transport endpoint is not connected')
}
