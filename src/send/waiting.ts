/** What waits in a spool, for those who look at it without a sender: nothing is changed. */
import { join } from 'node:path'
import { readOwn } from '../own-files.js'
import type { EpochMs } from '../units.js'
import { parseJournal } from './journal.js'
import type { JournalEntry, Message } from './message.js'
import { recover } from './recovery.js'
import { sizesIn } from './spool.js'

/** How many files are in the spool, or in the bucket and not yet taken. */
export async function countWaiting(directory: string): Promise<number> {
  const [messages, data] = await Promise.all([messagesIn(directory, Date.now()), dataIn(directory)])
  const ids = messages.filter((it) => it.state !== 'gone').map((it) => it.id)
  // Of what the journal can't tell there is the data still.
  return new Set([...ids, ...data.keys()]).size
}

async function messagesIn(directory: string, now: EpochMs): Promise<readonly Message[]> {
  const text = (await readOwn(join(directory, 'journal'))) ?? ''
  return recover(parseJournal<JournalEntry>(text), await dataIn(directory), now).messages
}

async function dataIn(directory: string): ReturnType<typeof sizesIn> {
  try {
    return await sizesIn(join(directory, 'data'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map()
    throw error
  }
}
