/** Events for browsers (server-sent events), the daemon's side: each has the form that EventSource reads. */
import type { IncomingMessage } from 'node:http'
import { FsError } from '../errors.js'
import type { FollowLine, Progress } from '../events/event.js'
import type { Beginning } from '../events/follower.js'
import { ResponseLines } from '../events/response-lines.js'
import { inTime, late } from '../patience.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { begin } from './reply.js'

/** Who does not read for so long is given up. */
const mostSilent: Milliseconds = 60_000
/** A browser comes back after so long. */
const comesBackAfter: Milliseconds = 3_000

export class EventSourceStream extends ResponseLines {
  /** The headers, at once: until then a browser does not know that it is connected. */
  begin(): void {
    begin(this.response, 'text/event-stream; charset=utf-8')
    this.response.write(`retry: ${comesBackAfter}\n\n`)
  }

  write(line: FollowLine): boolean {
    this.gone.throwIfAborted()
    return this.response.write(frameOf(line))
  }

  override async drained(): Promise<void> {
    const drained = super.drained()
    if ((await inTime(drained, mostSilent)) !== late) return
    this.response.destroy()
    await drained
  }
}

/** JSON has no line breaks of its own. */
function frameOf(line: FollowLine): string {
  if ('event' in line) return `data: ${JSON.stringify(line.event)}\n\n`
  // Only who asks for that is told.
  if ('known' in line) return ''
  const { missing } = line.progress
  return `id: ${cursorOf(line.progress)}\nevent: progress\ndata: ${JSON.stringify({ missing })}\n\n`
}

function cursorOf({ log, seq, from }: Progress): string {
  return `${log}:${seq}:${Math.floor(from)}`
}

/**
 * Where a browser that comes back goes on; who comes for the first time may say since when.
 * @throws FsError EINVAL
 */
export function beginningIn({ headers }: IncomingMessage, since: EpochMs | undefined): Beginning {
  const cursor = headers['last-event-id']
  if (cursor === undefined || cursor === '') return { from: since, isFollowing: true }
  const [, log = '', seq, from] = /^([\w-]{1,64}):(\d{1,15}):(\d{1,15})$/.exec(String(cursor)) ?? []
  if (log === '') throw new FsError('EINVAL', 'The Last-Event-ID is none of those that were given here.')
  return { logged: { log, seq: Number(seq) }, from: Number(from), isFollowing: true }
}
