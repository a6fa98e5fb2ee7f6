/** Marks of a directory in which nothing is written any more: none. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { undisputed } from '../../src/ownership.js'
import type { JournalReach } from '../../src/taking/mark-log.js'
import { Taking } from '../../src/taking/taking.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'

/** Nobody keeps how far their journal goes. */
const unknownReach: JournalReach = { known: undefined, write: () => Promise.resolve() }

export async function noMarks(): Promise<Taking> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-no-marks-'))
  const taking = await openTaking(directory)
  await taking.close()
  await rm(directory, { recursive: true })
  return taking
}

/** @param directory the state directory */
export function openTaking(directory: string): Promise<Taking> {
  const of = { directory: join(directory, 'new'), from: 0, reach: unknownReach, ownership: undisputed }
  return Taking.open({ ...of, clock: systemClock, log: silentLogger() })
}
