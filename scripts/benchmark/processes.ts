/** Runs programs with a time limit; nothing that is started here outlives the benchmark. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Milliseconds } from '../../src/units.js'

/** Work that took longer than it may. */
export class OverLimit extends Error {
  readonly limit: Milliseconds

  constructor(limit: Milliseconds) {
    super(`over ${limit} ms`)
    this.limit = limit
  }
}

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly time: Milliseconds
}

/** Few variables, so that neither proxies nor keys of the caller's have a part in it. */
export function environment(own: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, TERM } = process.env
  return { PATH, TERM, LANG: 'C.UTF-8', ...own }
}

/**
 * Runs a program to its end.
 * @throws OverLimit; the reason of the signal
 */
export function run(
  command: readonly string[],
  { limit, signal }: { readonly limit: Milliseconds; readonly signal: AbortSignal },
): Promise<Outcome> {
  const [program = '', ...args] = command
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const began = performance.now()
    // A group of its own: a pipeline ends as one, and Ctrl-C is for the benchmark alone, which cleans up.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment(), detached: true })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    let failure: Error | undefined
    const stop = (reason: Error): void => {
      failure ??= reason
      killGroup(child, 'SIGKILL')
    }
    const onAbort = (): void => stop(signal.reason as Error)
    const timer = setTimeout(() => stop(new OverLimit(limit)), limit)
    signal.addEventListener('abort', onAbort, { once: true })
    child.on('error', (error) => (failure ??= error))
    child.on('close', (code) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      if (failure) reject(failure)
      else resolve({ code, ...output, time: performance.now() - began })
    })
  })
}

/**
 * Runs a program that must succeed, and takes its CPU time with its children's. What it prints is lost.
 * @throws as `run`
 */
export async function runTimed(
  command: readonly string[],
  how: Parameters<typeof run>[1],
): Promise<{ readonly time: Milliseconds; readonly cpu: Milliseconds }> {
  const script = 'TIMEFORMAT="%R %U %S"; exec 3>&1 >/dev/null; { time "$@" 2>/dev/null; } 2>&3'
  const { code, stdout, stderr } = await run(['bash', '-c', script, 'bash', ...command], how)
  const [real, user, system] = stdout
    .trim()
    .split(' ')
    .map((it) => Number(it) * 1000)
  if (code !== 0 || real === undefined || user === undefined || system === undefined)
    throw new Error(`${command.join(' ')}: exit ${String(code)} ${stderr}`)
  return { time: real, cpu: user + system }
}

/** Ends a program and its children. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}

/** @returns whether it ended within the limit */
export async function ended(child: ChildProcess, limit: Milliseconds): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), limit)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
