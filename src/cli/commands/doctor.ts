/** `as2fs doctor`. */
import { allChecks, type Subject } from '../../doctor/all-checks.js'
import type { Result } from '../../doctor/check.js'
import { runChecks } from '../../doctor/run-checks.js'
import { UsageError } from '../../errors.js'
import { openLog } from '../../telemetry/log.js'
import { askMount } from '../ask-mount.js'
import { isGiven, type Typed } from '../command.js'
import { doctorLines, verdictOf } from '../doctor-text.js'
import { endAtOnce, wouldHang } from '../end-process.js'
import { findMounts } from '../find-mount.js'
import { json } from '../format.js'
import type { Io } from '../io.js'
import { mountConfig, namedMount } from '../mount-config.js'
import { flagsOf } from '../mount-words.js'

/** As a shell has it for SIGINT. */
const interrupted = 130
const limits = { limit: 8_000, overall: 14_000, grace: 4_500 }

export async function run(typed: Typed, io: Io): Promise<number> {
  const subject = await subjectOf(typed, io)
  const { log } = await openLog({ level: 'silent', file: undefined, style: 'json' })
  const { checks, close } = await opened(subject, log)
  const isJson = isGiven(typed, 'json')
  const lines = doctorLines(
    checks.map(({ name }) => name),
    io,
  )
  const onResult = (result: Result): void => {
    if (!isJson) io.out(lines.line(result))
  }
  const interrupt = new AbortController()
  const stop = (): void => interrupt.abort()
  for (const it of ['SIGINT', 'SIGTERM'] as const) process.once(it, stop)
  const results = await runChecks(checks, { ...limits, onResult, interrupt: interrupt.signal })
  close()
  if (interrupt.signal.aborted) return interrupted
  const { works, text } = verdictOf(results, subject.kind === 'mount')
  io.out(isJson ? json({ works, verdict: text, checks: results }) : lines.verdict(works, text))
  if (await wouldHang()) await endAtOnce()
  return works ? 0 : 1
}

async function opened(subject: Subject, log: Parameters<typeof allChecks>[1]['log']): ReturnType<typeof allChecks> {
  const surroundings = { findMounts: runningMounts, now: () => Date.now(), log }
  try {
    return await allChecks(subject, surroundings)
  } catch (error) {
    // Such as certificates that can't be read.
    if (error instanceof UsageError) return allChecks({ kind: 'mistake', sentence: error.message }, surroundings)
    throw error
  }
}

async function runningMounts() {
  const found = await Promise.all((await findMounts()).map(askMount))
  return found.map((it) => ({ ...it, bucket: 'bucket' in it ? it.bucket : undefined }))
}

async function subjectOf(typed: Typed, io: Io): Promise<Subject> {
  const [bucket, mountpoint] = typed.positionals
  const args = { bucket, mountpoint, flags: flagsOf(typed) }
  try {
    const named = await namedMount(args, io.env, io.cwd)
    if (named.bucket === undefined) return { kind: 'none' }
    // What is below the root is below no mountpoint that is not known.
    const config = await mountConfig({ ...args, mountpoint: named.mountpoint ?? '/' }, io.env, io.cwd)
    return { kind: 'mount', config, mountpoint: named.mountpoint, file: named.file }
  } catch (error) {
    if (error instanceof UsageError) return { kind: 'mistake', sentence: error.message }
    throw error
  }
}
