/** What becomes of a file that was closed or renamed: queued, held or failed. Pure. */
import type { EpochMs, Milliseconds } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import type { Beside } from './beside.js'
import { suffixed } from './duplicates.js'
import type { Verdict } from './events.js'
import type { Holding } from './holding.js'
import type { Message } from './message.js'

export interface Judgement {
  readonly holding: Holding
  readonly beside: Pick<Beside, 'verdict'>
  readonly settle: Milliseconds
  /** The bucket's time, for a suffix. */
  readonly bucketNow: EpochMs
  /** Its name was sent within six hours, and the policy is to send it under another. */
  readonly isSuffixed: boolean
}

/** A whole file as it is to be judged. */
export type Candidate = Partner &
  Pick<Message, 'id' | 'path' | 'size' | 'isRenamed' | 'killedBy' | 'triggeredBy' | 'isReleased'>

/** It has another name from now on, and what was known of the other counts no more. */
export function underName(message: Message, path: string): Candidate {
  const { id, station, partner, size } = message
  return { id, station, partner, size, path, isRenamed: true }
}

export function verdictOn(file: Candidate, judgement: Judgement): Verdict {
  const { holding, beside, settle, bucketNow, isSuffixed } = judgement
  const { path, size, killedBy } = file
  if (killedBy !== undefined) return { state: 'held', hold: { reason: 'killed', killedBy, error: cutOff(killedBy) } }
  const verdict = holding.verdict({ path, size, isRenamed: file.isRenamed === true })
  if (verdict === 'reject') return { state: 'failed', error: 'It is empty, and empty files are refused.' }
  if (verdict !== 'queue') return { state: 'held', hold: { reason: verdict.held } }
  const besideIt = beside.verdict(file)
  if (besideIt.hold) return { state: 'held', hold: besideIt.hold }
  const { triggeredBy } = besideIt
  return {
    state: 'queued',
    // Its name may change yet.
    wait: settle,
    ...(isSuffixed ? { path: suffixed(path, bucketNow) } : {}),
    ...(triggeredBy === undefined ? {} : { triggeredBy }),
  }
}

function cutOff(signal: string): string {
  return `Its writer was ended by ${signal}: look whether it is complete, then release or cancel it.`
}
