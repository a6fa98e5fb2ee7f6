/** Which uploads are next. Pure. */
import type { Bytes, EpochMs, Milliseconds } from '../units.js'
import type { Message } from './message.js'

export interface ScheduleLimits {
  /** `--uploads` */
  readonly uploads: number
  /** Above it a file is large: large ones never take the last slot. */
  readonly large: Bytes
}

/** Oldest close first, partners with fewest uploads first. @returns the messages to begin with now */
export function nextUploads(messages: Iterable<Message>, now: EpochMs, limits: ScheduleLimits): Message[] {
  const underWay: Message[] = []
  const due: Message[] = []
  for (const message of messages) {
    if (message.state === 'uploading') underWay.push(message)
    if (message.state === 'queued' && (message.notBefore ?? 0) <= now) due.push(message)
  }
  due.sort((a, b) => (a.closedAt ?? 0) - (b.closedAt ?? 0))
  const next: Message[] = []
  while (underWay.length + next.length < limits.uploads) {
    const message = fairest(due, [...underWay, ...next], limits)
    if (!message) break
    due.splice(due.indexOf(message), 1)
    next.push(message)
  }
  return next
}

/** When the next queued message is due; undefined if none waits for a time. */
export function nextDue(messages: Iterable<Message>): EpochMs | undefined {
  let earliest: EpochMs | undefined
  for (const { state, notBefore } of messages) {
    if (state === 'queued') earliest = Math.min(earliest ?? Infinity, notBefore ?? 0)
  }
  return earliest
}

/** Exponential with full jitter, between half a delay and the whole of it. */
export function retryDelay(tries: number, random: () => number): Milliseconds {
  const limit = Math.min(maxRetryDelay, firstRetryDelay * 2 ** Math.min(tries - 1, 20))
  return limit * (0.5 + random() / 2)
}

const firstRetryDelay: Milliseconds = 1_000
const maxRetryDelay: Milliseconds = 5 * 60 * 1000

function fairest(due: readonly Message[], busy: readonly Message[], limits: ScheduleLimits): Message | undefined {
  const large = (message: Message): boolean => message.size > limits.large
  const slots = Math.max(1, limits.uploads - 1)
  const mayLarge = busy.filter(large).length < slots
  const load = new Map<string, number>()
  for (const { station, partner } of busy) {
    const id = `${station}/${partner}`
    load.set(id, (load.get(id) ?? 0) + 1)
  }
  let best: Message | undefined
  let bestLoad = Infinity
  for (const message of due) {
    if (large(message) && !mayLarge) continue
    const itsLoad = load.get(`${message.station}/${message.partner}`) ?? 0
    if (itsLoad < bestLoad) [best, bestLoad] = [message, itsLoad]
  }
  return best
}
