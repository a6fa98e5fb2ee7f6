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
  return until(`${path} to be ${state}`, async () =>
    (await sendRows(mounted)).find((row) => row.path === path && row.state === state),
  )
}

/** Waits until the gateway took a file, and the daemon knows. */
export async function taken(mounted: Mounted, path: string): Promise<void> {
  await until(`${path} to be gone`, async () => !(await sendRows(mounted)).some((row) => row.path === path))
}
