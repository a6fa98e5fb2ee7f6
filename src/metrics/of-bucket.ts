/** Of the requests to S3. */
import type { RequestCounter } from '../s3/request-counter.js'
import type { Traffic } from '../s3/traffic.js'
import type { Collector } from './metrics.js'

export interface BucketFigures {
  readonly requests: Pick<RequestCounter, 'answers' | 'retries'>
  readonly traffic: Pick<Traffic, 'bytes'>
}

export function ofBucket({ requests, traffic }: BucketFigures): Collector {
  return (samples) => {
    for (const [operation, code, count] of requests.answers.outcomes.entries()) {
      samples.add('as2fs_s3_requests_total', count, operation, code)
    }
    for (const [operation, figures] of requests.answers.times()) {
      samples.addHistogram('as2fs_s3_request_duration_seconds', figures, operation)
    }
    for (const [direction, bytes] of Object.entries(traffic.bytes)) {
      samples.add('as2fs_s3_bytes_total', bytes, direction)
    }
    for (const [operation, count] of Object.entries(requests.retries)) {
      samples.add('as2fs_s3_retries_total', count, operation)
    }
  }
}
