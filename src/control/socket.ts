/** The control socket, as both sides know it. */

export const socketName = 'control.sock'

/** The daemon is not there, or ended before it answered. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}
