/** Mounting without `-f`: this process starts another, and ends when that one has said how it went. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { LinesError, reasonOf, UsageError } from '../errors.js'
import { newSpaceFlags } from '../garbage.js'
import { inTime, late } from '../patience.js'
import { lookByProcess } from '../fuse/look-by-process.js'
import { openOwn, requireOwnLog } from '../own-files.js'
import type { Milliseconds } from '../units.js'
import { printable } from './format.js'
import type { Io } from './io.js'
import { absoluteAwsFiles } from './own-places.js'

/** Set for the process in the background. */
export const childMarker = 'AS2FS_IN_BACKGROUND'

/** What the child says, once. */
export type Word =
  | { readonly kind: 'ready'; readonly missing?: string | undefined }
  | { readonly kind: 'failed'; readonly sentence: string }

type Outcome = Word | { readonly kind: 'ended'; readonly how: string } | { readonly kind: 'interrupted' }

export interface BackgroundStart {
  readonly args: readonly string[]
  readonly mountpoint: string
  /** Made if need be; the child's stdout and stderr go there too. */
  readonly logFile: string
}

/** A listing at the worst of times, and then some. */
const startWithin: Milliseconds = 180_000
const answerWithin: Milliseconds = 30_000
const endWithin: Milliseconds = 40_000
const shownLines = 8
const interruptedCode = 130

/**
 * @returns the exit code: 0 once the mount answers
 * @throws UsageError the child's sentence, or the end of its log if it said none
 */
export async function startInBackground(start: BackgroundStart, io: Io): Promise<number> {
  const log = await openOwn(start.logFile, 'a', requireOwnLog).catch((error: unknown) => {
    if (error instanceof UsageError) throw new UsageError(`The log can't be written: ${error.message}`)
    const code = reasonOf(error)
    throw new UsageError(`The log file ${start.logFile} can't be written (${code}): give another with --log-file.`)
  })
  const { size } = await log.stat()
  const [command, ...first] = io.program
  const flags = newSpaceFlags.filter((it) => !first.includes(it))
  const over = new AbortController()
  // Before there is a child: it would go on without one that a signal has ended meanwhile.
  const interrupt = interruption(over.signal)
  const child = spawn(command, [...flags, ...first, ...start.args], {
    detached: true,
    // The child leaves it for / once it has read the paths.
    cwd: io.cwd,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
    env: { ...io.env, ...absoluteAwsFiles(io.env, io.cwd), [childMarker]: '1' },
  })
  const [outcome] = await Promise.all([outcomeOf(child, interrupt, over), log.close()])
  switch (outcome.kind) {
    case 'ready':
      await answers(start)
      child.unref()
      if (outcome.missing !== undefined) io.err(`as2fs: Mounted, but: ${printable(outcome.missing)}\n`)
      return 0
    case 'failed':
      throw new UsageError(outcome.sentence)
    case 'ended':
      throw new LinesError(`The daemon ended without a word (${outcome.how}).${await endOfLog(start.logFile, size)}`)
    case 'interrupted':
      io.err('as2fs: Interrupted: not mounted.\n')
      return interruptedCode
  }
}

/** Says how it went, from the child to its parent, and lets go of it. */
export async function tellParent(word: Word): Promise<void> {
  if (!process.connected) return
  await new Promise<void>((resolve) => process.send?.(word, undefined, {}, () => resolve()))
  process.disconnect()
}

/** Resolves when a signal comes that ends a process; rejects when it is not waited for any more. */
async function interruption(signal: AbortSignal): Promise<Outcome> {
  await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'].map((it) => once(process, it, { signal })))
  return { kind: 'interrupted' }
}

/** @param over aborted once it is known */
async function outcomeOf(child: ChildProcess, interrupt: Promise<Outcome>, over: AbortController): Promise<Outcome> {
  const { signal } = over
  const ended = once(child, 'exit', { signal }) as Promise<[number | null, NodeJS.Signals | null]>
  const failed = once(child, 'error', { signal }) as Promise<[Error]>
  const outcome = await Promise.race([
    (once(child, 'message', { signal }) as Promise<[Word]>).then(([word]) => word),
    ended.then(([code, by]): Outcome => ({ kind: 'ended', how: by ?? `exit code ${code ?? '?'}` })),
    failed.then(([error]): Outcome => ({ kind: 'ended', how: error.message })),
    interrupt,
    delay(startWithin, undefined, { signal }).then((): Outcome => ({
      kind: 'ended',
      how: 'stopped, as it took too long',
    })),
  ])
  if (outcome.kind === 'interrupted' || (outcome.kind === 'ended' && child.exitCode === null)) await stopped(child)
  over.abort()
  return outcome
}

/** It unmounts first, if it is that far. */
async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  if ((await inTime(exit, endWithin)) === late) child.kill('SIGKILL')
}

/** The child's word is not enough: a kernel call must come back too. */
async function answers({ mountpoint, logFile }: BackgroundStart): Promise<void> {
  const { code, stderr } = await lookByProcess('stat', ['--', mountpoint], answerWithin)
  const failure = code === 0 ? undefined : stderr.trim() || 'late'
  if (failure !== undefined) {
    throw new UsageError(`${mountpoint} is mounted, but does not answer (${failure}): see ${logFile}.`)
  }
}

async function endOfLog(file: string, from: number): Promise<string> {
  const text = (await readFile(file).catch(() => Buffer.alloc(0))).subarray(from).toString()
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0) return ` Its log, ${file}, has nothing of it.`
  return ` The end of its log, ${file}:\n${lines
    .slice(-shownLines)
    .map((line) => `  ${printable(line)}\n`)
    .join('')}`.trimEnd()
}
