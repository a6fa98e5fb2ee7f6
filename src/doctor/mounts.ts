/** The mounts that run on this machine, as far as this user sees them. */
import { inTime, late } from '../patience.js'
import type { Milliseconds } from '../units.js'
import { ok, warning, type Check } from './check.js'

/** Of one that hangs a new mount knows nothing. */
const patience: Milliseconds = 7_000

/** One of them. */
export interface RunningMount {
  readonly mountpoint: string
  /** `dead`, `silent`, or the daemon's own word: `ok`, `degraded`. */
  readonly state: string
  /** Undefined: it is not told. */
  readonly bucket: string | undefined
  readonly problems: readonly string[]
}

export function mountsChecks(find: () => Promise<readonly RunningMount[]>): readonly Check[] {
  const run: Check['run'] = async () => {
    const mounts = await inTime(find(), patience)
    if (mounts === late) return warning('A mount on this machine hangs: see as2fs status.')
    return mounts.length === 0 ? ok('none') : mounts.map(found)
  }
  return [{ name: 'mounts', group: 'mounts', run }]
}

function found({ mountpoint, bucket, state, problems }: RunningMount) {
  const what = bucket === undefined ? mountpoint : `${mountpoint} (${bucket})`
  if (state === 'ok') return ok(`${what} is well`)
  return warning([`${what} is ${state}:`, ...problems].join(' '))
}
