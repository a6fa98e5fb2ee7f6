/** The control socket, as both sides know it. */

export const socketName = 'control.sock'

/** The daemon is not there, or ended before it answered. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

/** Of an answer that is no yes. */
export function sentenceIn(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string') return body.error
  return 'The daemon gave an answer that makes no sense.'
}
