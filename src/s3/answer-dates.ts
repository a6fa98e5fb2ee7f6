/** The Date headers of the SDK's answers, which the SDK itself keeps to itself. */
import type { S3Client } from '@aws-sdk/client-s3'
import type { EpochMs, Milliseconds } from '../units.js'
import type { BucketClock } from './bucket-clock.js'
import { S3Refusal } from './s3-refusal.js'

/** By their names in lower case. */
type Headers = Readonly<Record<string, string | undefined>>
interface Answered {
  readonly headers?: Headers
}

/**
 * Notes the date of every answer of S3's own, refusals too. A page of a proxy has no request id, and a time of its own.
 * @returns the date of an answer that the client gave
 */
export function watchDates(client: S3Client, clock: BucketClock | undefined): (answer: object) => EpochMs | undefined {
  const dates = new WeakMap<object, EpochMs>()
  // Beneath the SDK's own reading of the answer.
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentAt = clock?.monotonic() ?? 0
      try {
        const result = await next(args)
        noteDate(clock, (result.response as Answered | undefined)?.headers ?? {}, sentAt)
        return result
      } catch (error) {
        if (error instanceof S3Refusal) noteDate(clock, error.$response.headers, sentAt)
        throw error
      }
    },
    { step: 'deserialize', priority: 'low', name: 'as2fsClock' },
  )
  // Above it, where the answer is what the caller gets.
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const date = dateIn((result.response as Answered | undefined)?.headers ?? {})
      if (date !== undefined && result.output) dates.set(result.output, date)
      return result
    },
    { step: 'deserialize', priority: 'high', name: 'as2fsDate' },
  )
  return (answer) => dates.get(answer)
}

/** @param sentAt when the request was sent, by the clock that never steps */
export function noteDate(clock: BucketClock | undefined, headers: Headers, sentAt: Milliseconds): void {
  const date = dateIn(headers)
  if (date !== undefined) clock?.note(date, sentAt, clock.monotonic())
}

function dateIn(headers: Headers): EpochMs | undefined {
  if (headers['x-amz-request-id'] === undefined || headers.age !== undefined) return undefined
  const date = Date.parse(headers.date ?? '')
  return Number.isNaN(date) ? undefined : date
}
