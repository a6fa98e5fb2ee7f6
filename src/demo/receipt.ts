/** What a partner answers to a message, and when: one receipt, several or none. */
import type { Milliseconds } from '../units.js'
import type { As2Message } from './as2-message.js'
import type { MdnForm } from './mdn-forms.js'

export interface Receipt {
  /**
   * What stands in Disposition behind the mode, e.g. `processed/error: authentication-failed`; of several each is a field of
   * its own.
   */
  readonly disposition: string | readonly string[]
  /** From outbox to receipt; the gateway's `mdnAfter` by default. */
  readonly after?: Milliseconds
  /** How it is stored; as the gateway's `mdnForm` by default. */
  readonly form?: MdnForm
}

/** @param n which of the gateway's messages, from 0. @returns none for a partner who never answers */
export type Answers = (message: As2Message, n: number) => readonly Receipt[]

/** Receipts of every kind that partners send. @see RFC 4130 section 7.4.3, RFC 8098 section 3.2.6 */
export const receipts = {
  processed: { disposition: 'processed' },
  warned: { disposition: 'processed/warning: authentication-failed, processing continued' },
  /** To a message that was sent again. */
  duplicate: { disposition: 'processed/warning: duplicate-document' },
  error: { disposition: 'processed/error: authentication-failed' },
  /** As some products write it. */
  tightError: { disposition: 'processed/Error:decryption-failed' },
  failure: { disposition: 'processed/failure: insufficient-message-security' },
  failed: { disposition: 'failed/failure: unsupported MIC-algorithms' },
  denied: { disposition: 'denied' },
  displayed: { disposition: 'displayed' },
  /** Says nothing of what became of the message. */
  deleted: { disposition: 'deleted' },
  contradictory: { disposition: ['processed', 'processed/error: unexpected-processing-error'] },
} as const satisfies Readonly<Record<string, Receipt>>
