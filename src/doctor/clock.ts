/** This machine's clock beside the server's: a request says when it was made, and another time is refused. */
import type { EpochMs, Milliseconds } from '../units.js'
import { failure, ok, skipped, warning, type Finding } from './check.js'

/** S3 refuses requests that are 15 minutes off; a clock that is wrong by less goes on going wrong. */
const mostSkew: Milliseconds = 5 * 60_000
const notableSkew: Milliseconds = 30_000

/**
 * @param theirs of an answer; undefined if it has none
 * @param now this machine's, when that came
 */
export function clockFound(theirs: EpochMs | undefined, now: EpochMs): Finding {
  if (theirs === undefined) return skipped('the server’s answer does not tell its time')
  const skew = Math.abs(now - theirs)
  if (skew < notableSkew) return ok('as the server’s')
  const minutes = skew < 90_000 ? `${Math.round(skew / 1_000)} s` : `${Math.round(skew / 60_000)} min`
  const text =
    `The clock of this machine is ${minutes} ${now < theirs ? 'behind' : 'ahead of'} the server's, which refuses requests ` +
    'that are 15 min off: set it, and keep it so (timedatectl set-ntp true).'
  return skew > mostSkew ? failure(text) : warning(text)
}
