/** Events over the control socket, the daemon's side: lines of JSON for as long as somebody reads them. */
import type { IncomingMessage } from 'node:http'
import type { FollowLine } from '../events/event.js'
import type { Beginning } from '../events/follower.js'
import { ResponseLines } from '../events/response-lines.js'
import { FsError } from '../errors.js'

export class EventStream extends ResponseLines {
  /** Whether something was sent: after that nothing can be refused. */
  get hasBegun(): boolean {
    return this.response.headersSent
  }

  write(line: FollowLine): boolean {
    this.gone.throwIfAborted()
    if (!this.hasBegun) {
      this.response.writeHead(200, { 'content-type': 'application/x-ndjson', connection: 'close' })
    }
    return this.response.write(`${JSON.stringify(line)}\n`)
  }
}

/** @throws FsError EINVAL */
export function beginningIn(request: IncomingMessage): Beginning {
  const { searchParams } = new URL(request.url ?? '/', 'http://as2fs')
  const log = searchParams.get('log')
  const seq = number(searchParams.get('seq'))
  return {
    logged: log === null || seq === undefined ? undefined : { log, seq },
    from: number(searchParams.get('from')),
    isFollowing: searchParams.get('follow') === '1',
    isKept: searchParams.get('kept') === '1',
  }
}

/** The other side of `beginningIn`. */
export function queryOf({ logged, from, isFollowing, isKept = false }: Beginning): string {
  return new URLSearchParams({
    ...(logged && { log: logged.log, seq: String(logged.seq) }),
    ...(from !== undefined && { from: String(from) }),
    ...(isFollowing && { follow: '1' }),
    ...(isKept && { kept: '1' }),
  }).toString()
}

function number(text: string | null): number | undefined {
  if (text === null) return undefined
  // Cursors of before have parts of milliseconds in them.
  if (!/^-?\d{1,15}(?:\.\d+)?$/.test(text)) throw new FsError('EINVAL', `'${text}' is not a number.`)
  return Math.floor(Number(text))
}
