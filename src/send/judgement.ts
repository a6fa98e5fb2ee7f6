/** What becomes of a file that was closed or renamed: queued, held or failed. Pure. */
import type { EpochMs, Milliseconds } from '../units.js'
import { suffixed } from './duplicates.js'
import type { Holding } from './holding.js'
import { without, type Message } from './message.js'

export interface Judgement {
  readonly holding: Holding
  readonly settle: Milliseconds
  readonly now: EpochMs
  /** Its name was sent within six hours, and the policy is to send it under another. */
  readonly isSuffixed: boolean
}

export function judged(message: Message, { holding, settle, now, isSuffixed }: Judgement): Message {
  const rest = without(message, 'reason', 'wait', 'isComplete')
  if (message.isDamaged === true) return { ...rest, state: 'failed' }
  const { path, size, killedBy } = message
  if (killedBy !== undefined) return { ...rest, state: 'held', reason: 'killed', error: cutOff(killedBy) }
  const verdict = holding.verdict({ path, size, isRenamed: message.isRenamed === true })
  if (verdict === 'reject') return { ...rest, state: 'failed', error: 'It is empty, and empty files are refused.' }
  if (verdict !== 'queue') return { ...without(rest as Message, 'error'), state: 'held', reason: verdict.held }
  const named = isSuffixed ? { ...rest, path: suffixed(path, now) } : rest
  const closedAt = message.closedAt ?? now
  return settled({ ...without(named as Message, 'error'), state: 'queued', closedAt }, settle)
}

/** One that is queued waits a little from now on: its name may change yet. */
export function settled(message: Message, settle: Milliseconds): Message {
  return message.state === 'queued' ? { ...message, wait: settle } : message
}

function cutOff(signal: string): string {
  return `Its writer was ended by ${signal}: look whether it is complete, then release or cancel it.`
}
