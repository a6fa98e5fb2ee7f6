/** Events over the control socket, the command's side. */
import type { IncomingMessage } from 'node:http'
import { UsageError } from '../errors.js'
import type { FollowLine } from '../events/event.js'
import type { Bytes, Milliseconds } from '../units.js'
import { httpRequest } from './http-request.js'
import { NoAnswerError, sentenceIn } from './socket.js'

/** A daemon that lives says something every five seconds. */
const lookEvery: Milliseconds = 5_000
const mostSilent = 6
/** A line that is longer is none of ours. */
const longestLine: Bytes = 1024 * 1024

/**
 * The lines of the answer, as many at a time as there are. Ends when the daemon says that all is told, or with the signal.
 * @throws UsageError its sentence, or NoAnswerError if it ends in the middle, or says nothing any more
 */
export async function* followed(
  where: { readonly socketPath: string; readonly path: string },
  signal: AbortSignal,
): AsyncGenerator<readonly FollowLine[], undefined> {
  const silence = new Silence(() => request.destroy())
  const request = httpRequest({ ...where, method: 'GET', agent: false, signal })
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve)
      request.on('error', reject)
      request.end()
    })
    if (response.statusCode !== 200) throw new UsageError(sentenceIn(await body(response)))
    let rest = ''
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      silence.heard()
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > longestLine) throw new NoAnswerError('the daemon gives an answer that makes no sense')
      if (lines.length === 0) continue
      silence.isOurs = true
      yield lines.map((line) => JSON.parse(line) as FollowLine)
      silence.heard()
    }
  } catch (cause) {
    if (signal.aborted) return
    if (cause instanceof UsageError || cause instanceof NoAnswerError) throw cause
    throw new NoAnswerError('the daemon does not answer', { cause })
  } finally {
    silence.end()
    request.destroy()
  }
}

/** Counts its own turns, not the time: whoever was stopped himself does not take that for the other's silence. */
class Silence {
  readonly #timer: NodeJS.Timeout
  #turns = 0
  /** While what was said is worked on: nobody listens. */
  isOurs = false

  constructor(onTooLong: () => void) {
    this.#timer = setInterval(() => {
      if (this.isOurs) return
      this.#turns += 1
      if (this.#turns >= mostSilent) onTooLong()
    }, lookEvery)
  }

  heard(): void {
    this.#turns = 0
    this.isOurs = false
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

async function body(response: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
