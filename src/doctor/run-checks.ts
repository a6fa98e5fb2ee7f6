/** Runs checks: each as soon as what it needs is well, for so long at most. Knows nothing of what they look at. */
import { abortSignalOf } from '../cancellation.js'
import { FsError, UsageError } from '../errors.js'
import { inTime, late, within } from '../patience.js'
import type { Milliseconds } from '../units.js'
import type { Check, Finding, Result } from './check.js'
import { failure, skipped } from './check.js'

export interface RunOptions {
  /** Of a check that has none of its own. */
  readonly limit: Milliseconds
  /** Of all checks together. */
  readonly overall: Milliseconds
  /** For what a check still does when its signal is aborted. */
  readonly grace: Milliseconds
  /** Told in the order of the checks, as soon as all before are known. */
  readonly onResult: (result: Result) => void
  /** Somebody has asked for the end. */
  readonly interrupt: AbortSignal
}

const interrupted = [skipped('not looked at, as the whole was interrupted')]

/** Never throws. @param checks those that others need come before them */
export async function runChecks(checks: readonly Check[], options: RunOptions): Promise<readonly Result[]> {
  const end = performance.now() + options.overall
  const begun = new Map<string, Promise<readonly Finding[]>>()
  for (const check of checks) begun.set(check.name, inTurn(check, begun, end, options))
  const results: Result[] = []
  for (const { name, group } of checks) {
    for (const finding of (await begun.get(name)) ?? []) {
      const result = { name, group, ...finding }
      results.push(result)
      options.onResult(result)
    }
  }
  return results
}

async function inTurn(
  check: Check,
  begun: ReadonlyMap<string, Promise<readonly Finding[]>>,
  end: Milliseconds,
  options: RunOptions,
): Promise<readonly Finding[]> {
  for (const name of check.needs ?? []) {
    const needed = begun.get(name)
    if (!needed) throw new Error(`${check.name} needs ${name}, which does not come before it`)
    const unwell = (await needed).find(({ mark }) => mark === 'failure' || mark === 'skipped')
    // What is behind it all was said where it was found.
    if (unwell) return [skipped(unwell.mark === 'failure' ? `not looked at before this is well: ${name}` : unwell.text)]
  }
  return found(check, Math.min(check.limit ?? options.limit, end - performance.now()), options)
}

async function found(
  { run }: Check,
  limit: Milliseconds,
  { grace, interrupt }: RunOptions,
): Promise<readonly Finding[]> {
  const isInterrupted = (): boolean => interrupt.aborted
  if (isInterrupted()) return interrupted
  if (limit <= 0) return [skipped('not looked at, as the time for all checks was over')]
  const tooLate = [failure(`nothing was heard within ${Math.round(limit / 1_000)} s`)]
  try {
    const findings = await inTime(
      within(limit, interrupt, (signal) => run(abortSignalOf(signal))),
      limit + grace,
    )
    return findings === late ? tooLate : [findings].flat()
  } catch (error) {
    if (isInterrupted()) return interrupted
    if (error instanceof UsageError || error instanceof FsError) return [failure(error.message)]
    if (error instanceof DOMException) return tooLate
    return [failure(`it could not be looked at (${error instanceof Error ? error.message : String(error)})`)]
  }
}
