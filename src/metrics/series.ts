/** Every series that a mount tells of: its name, what it is, and by what it is told apart. SEMANTICS.md has the same table. */

export interface Series {
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly labels: readonly string[]
  /** One line. */
  readonly help: string
}

const gauge = (labels: string, help: string): Series => ({ type: 'gauge', labels: words(labels), help })

const counter = (labels: string, help: string): Series => ({ type: 'counter', labels: words(labels), help })
const histogram = (labels: string, help: string): Series => ({ type: 'histogram', labels: words(labels), help })

/** In the order in which they are told. */
export const series = {
  as2fs_build_info: gauge('version node binding', 'Always 1: which version, by which Node and which binding.'),
  as2fs_start_time_seconds: gauge('', 'When it was mounted.'),
  as2fs_bucket_up: gauge('', '1 while the bucket answers, 0 while it can not be reached or is there no more.'),
  as2fs_credentials_accepted: gauge(
    '',
    '0 while the keys are refused or can not be got; in an outage as they were before.',
  ),
  as2fs_degraded: gauge('reason', '1 for each reason for which the mount is not well.'),
  as2fs_send_files: gauge('station partner state', 'Files in send/ now, by state, as as2fs queue has them.'),
  as2fs_send_queued_bytes: gauge('', 'Bytes of those that are queued or being uploaded.'),
  as2fs_send_oldest_closed_timestamp_seconds: gauge(
    '',
    'Of those the close that is longest ago, by the clock of this machine; absent while none waits.',
  ),
  as2fs_sends_total: counter(
    'station partner result',
    'What became of files in send/, with the words of the audit trail; delayed is a try that failed, refused a name.',
  ),
  as2fs_send_bytes_total: counter('', 'Bytes of the files that S3 has taken.'),
  as2fs_send_duration_seconds: histogram('', 'From the close of a file until S3 had taken it.'),
  as2fs_s3_requests_total: counter(
    'operation code',
    'Requests to S3, each try: by status; not-s3 is an answer of somebody else, given-up one that did not come in time or was not wanted any more, else how the connection failed.',
  ),
  as2fs_s3_request_duration_seconds: histogram(
    'operation',
    'How long they took: until the answer began, listings until its end; of uploads with the sending of the body.',
  ),
  as2fs_s3_bytes_total: counter('direction', 'Bytes of objects and listings, sent and received.'),
  as2fs_s3_retries_total: counter('operation', 'Requests that were made again because one had failed.'),
  as2fs_open_files: gauge(
    'kind',
    'Files that programs have open: in send/, in new/, objects of the views, and of the daemon.',
  ),
  as2fs_fuse_calls_total: counter(
    'operation code',
    'Calls of the kernel that were answered: OK, or what they failed with.',
  ),
  as2fs_fuse_call_duration_seconds: histogram('operation', 'How long they took, seen from their callers.'),
  as2fs_fuse_calls_kept_total: counter(
    '',
    'Calls beside those that were answered from folders read before, without asking anybody.',
  ),
} as const satisfies Readonly<Record<string, Series>>

export type SeriesName = keyof typeof series

function words(text: string): readonly string[] {
  return text.split(' ').filter((it) => it !== '')
}
