/** What the daemon says of files in `send/` now: `queue.json` may be a second behind. */
import type { SendRow, SendState } from '../../src/send/sender.js'
import { ControlClient } from '../../src/control/client.js'
import type { Mounted } from './mounted.js'
import { until } from './until.js'

export async function sendRows(mounted: Mounted): Promise<readonly SendRow[]> {
  return (await new ControlClient(mounted.stateDirectory).queue()).rows
}

/** Waits until a file is in a state. @returns its row */
export async function inState(mounted: Mounted, path: string, state: SendState): Promise<SendRow> {
  let last = 'unknown'
  const ask = async (): Promise<SendRow | undefined> => {
    const row = (await sendRows(mounted)).find((it) => it.path === path)
    last = row?.state ?? 'unknown'
    return last === state ? row : undefined
  }
  return until(`${path} to be ${state}`, ask).catch((error: unknown) => {
    throw new Error(`waited in vain for ${path} to be ${state}: it is ${last}`, { cause: error })
  })
}

/** Waits until the gateway took a file, and the daemon knows. */
export async function taken(mounted: Mounted, path: string): Promise<void> {
  await until(`${path} to be gone`, async () => !(await sendRows(mounted)).some((row) => row.path === path))
}
