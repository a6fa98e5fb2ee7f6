/** Tells when the bucket is lost and back, and its keys are refused and accepted; not of what is over within moments. */
import type { Health } from '../s3/health.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import type { HealthEvent, HealthEventName } from './event.js'

/** What has been told. */
interface ToldHealth {
  readonly isLost: boolean
  readonly areRefused: boolean
}

const lookEvery: Milliseconds = 1_000

/** What there is to tell, now that it is so. */
export function healthEvents(told: ToldHealth, state: Health['state']): readonly [ToldHealth, HealthEventName[]] {
  const isLost = state === 'unreachable' || state === 'unusable'
  // Who can't be reached accepts no keys, and refuses none.
  const areRefused = isLost ? told.areRefused : state === 'refused'
  const names: HealthEventName[] = []
  if (told.isLost !== isLost) names.push(isLost ? 'bucket-lost' : 'bucket-back')
  if (told.areRefused !== areRefused) names.push(areRefused ? 'keys-refused' : 'keys-accepted')
  return [{ isLost, areRefused }, names]
}

/** @returns a function that ends it */
export function watchHealth(
  source: { readonly health: Health },
  clock: Pick<Clock, 'now'>,
  tell: (event: HealthEvent) => void,
): () => void {
  let told: ToldHealth = { isLost: false, areRefused: false }
  let last: Health['state'] = 'ok'
  const timer = setInterval(() => {
    const { state, problem } = source.health
    // Twice the same: it lasts.
    if (state === last) {
      const [now, names] = healthEvents(told, state)
      told = now
      const at = new Date(clock.now()).toISOString()
      for (const event of names) tell({ at, event, ...(problem === undefined ? {} : { reason: problem }) })
    }
    last = state
  }, lookEvery).unref()
  return () => clearInterval(timer)
}
