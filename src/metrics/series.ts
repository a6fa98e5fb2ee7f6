/** Every series that a mount tells of: its name, what it is, and by what it is told apart. SEMANTICS.md has the same table. */

export interface Series {
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly labels: readonly string[]
  /** One line. */
  readonly help: string
}

const gauge = (labels: string, help: string): Series => ({ type: 'gauge', labels: words(labels), help })

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
} as const satisfies Readonly<Record<string, Series>>

export type SeriesName = keyof typeof series

function words(text: string): readonly string[] {
  return text.split(' ').filter((it) => it !== '')
}
