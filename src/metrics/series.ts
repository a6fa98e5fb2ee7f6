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
  as2fs_delivery_messages: gauge(
    'station partner state',
    'Messages in the outboxes, as as2fs deliveries has them; as of the last look that somebody has had there.',
  ),
  as2fs_delivery_last_refused_timestamp_seconds: gauge(
    'station partner',
    'Of those that were refused the time of the last receipt that says so, by the clock of the bucket.',
  ),
  as2fs_delivery_results_total: counter(
    'station partner result',
    'What receipts said that came since the first reading, and what came to be overdue: delivered, warned, refused, overdue.',
  ),
  as2fs_received_total: counter('', 'Documents that came into an inbox since the first reading.'),
  as2fs_mdn_unread: gauge('', 'Receipts that were seen and are not read yet.'),
  as2fs_mdn_unreadable_total: counter('', 'Receipts that were read since the mount and make no sense.'),
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
  as2fs_listings_total: counter(
    'kind result',
    'Listings: of the newest keys of a view, of the whole of it, of what is common to several, of a path, of folders.',
  ),
  as2fs_known_keys: gauge(
    'view',
    'Keys that are known by listings; of what is listed together by the folder of the bucket.',
  ),
  as2fs_cache_bytes: gauge('cache', 'Bytes of file contents that are kept, in memory and on disk.'),
  as2fs_cache_requests_total: counter(
    'cache result',
    'Blocks that were wanted: kept (hit), on their way already (joined), or not (miss). What memory lacks is asked of the disk.',
  ),
  as2fs_state_disk_free_bytes: gauge(
    '',
    'What the disk of the state directory has free, at the reading before this one.',
  ),
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
    'Calls beside those that the binding answered by itself: of folders read before, of files in memory, closes.',
  ),
} as const satisfies Readonly<Record<string, Series>>

export type SeriesName = keyof typeof series

function words(text: string): readonly string[] {
  return text.split(' ').filter((it) => it !== '')
}
