/** What becomes of a file that was closed or renamed: queued, held or failed. Pure. */
import type { EpochMs, Milliseconds } from '../../units.js'
import type { Beside } from './beside.js'
import type { Told } from './change.js'
import { suffixed } from './duplicates.js'
import type { Holding } from './holding.js'
import { without, type Message } from './message.js'
import type { HoldReason } from '../sender.js'

export interface Judgement {
  readonly holding: Holding
  readonly beside: Pick<Beside, 'verdict'>
  readonly settle: Milliseconds
  /** By this machine's clock. */
  readonly now: EpochMs
  /** The bucket's time, for a suffix. */
  readonly bucketNow: EpochMs
  /** Its name was sent within six hours, and the policy is to send it under another. */
  readonly isSuffixed: boolean
}

export function judged(message: Message, judgement: Judgement): Message {
  const { holding, beside, settle, now, bucketNow, isSuffixed } = judgement
  const rest = without(message, 'reason', 'wait', 'isComplete', 'isSpent')
  if (message.isDamaged === true) return { ...rest, state: 'failed' }
  const { path, size, killedBy } = message
  if (killedBy !== undefined) return { ...rest, state: 'held', reason: 'killed', error: cutOff(killedBy) }
  const verdict = holding.verdict({ path, size, isRenamed: message.isRenamed === true })
  if (verdict === 'reject') return { ...rest, state: 'failed', error: 'It is empty, and empty files are refused.' }
  if (verdict !== 'queue') return { ...without(rest as Message, 'error'), state: 'held', reason: verdict.held }
  const closed = { ...without(rest as Message, 'error', 'triggeredBy'), closedAt: message.closedAt ?? now }
  const { held, ...more } = beside.verdict(message)
  if (held !== undefined) return { ...closed, ...more, state: 'held', reason: held }
  const named = isSuffixed ? { ...closed, path: suffixed(path, bucketNow) } : closed
  return settled({ ...named, ...more, state: 'queued' }, settle)
}

/** One that is queued waits a little from now on: its name may change yet. */
export function settled(message: Message, settle: Milliseconds): Message {
  return message.state === 'queued' ? { ...message, wait: settle } : message
}

/** What is told of a judgement. @param before as it was judged */
export function toldOf(before: Message, after: Message): Told {
  const suffix = after.path === before.path ? {} : { from: before.path, policy: '--on-duplicate suffix' }
  if (after.state === 'held') return { event: 'held', ...policyOf(after.reason) }
  // Nothing but its being empty makes a whole file fail.
  if (after.state === 'failed') return { event: 'failed', ...(after.isDamaged ? {} : { policy: '--empty reject' }) }
  return { event: 'queued', ...suffix }
}

function policyOf(reason: HoldReason | undefined): { readonly policy?: string } {
  const policy = reason && policies[reason]
  return policy === undefined ? {} : { policy }
}

const policies: Readonly<Partial<Record<HoldReason, string>>> = {
  name: '--hold',
  empty: '--empty hold',
  commit: '--commit rename',
  untriggered: '--commit trigger',
  trigger: '--commit trigger',
}

function cutOff(signal: string): string {
  return `Its writer was ended by ${signal}: look whether it is complete, then release or cancel it.`
}
