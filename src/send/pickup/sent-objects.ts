/** What the gateway has made of sent files: known again by name, size and time. Pure. */
import type { EpochMs, Milliseconds } from '../../units.js'
import { byOurClock } from '../life/duplicates.js'
import type { Message } from '../life/message.js'
import type { SentObject } from '../sender.js'

/** So far apart the clocks of a bucket's servers may be. */
const clockSlack: Milliseconds = 60_000

/** The bucket's time from which on what the gateway made of a file may be from. */
export function sentAfter({ sentAt, submittedAt = 0 }: Message): EpochMs {
  return sentAt === undefined ? byOurClock(submittedAt) : sentAt - clockSlack
}

export function byName(objects: Iterable<SentObject>): Map<string, SentObject[]> {
  const named = new Map<string, SentObject[]>()
  for (const object of objects) {
    const namesakes = named.get(object.name)
    if (namesakes) namesakes.push(object)
    else named.set(object.name, [object])
  }
  return named
}

/** @param object of the same name */
export function isOf(message: Message, object: SentObject): boolean {
  return object.size === message.size && object.mtime >= sentAfter(message)
}
