/** The programs that are compared, and how each is started. */
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { station } from './server/fill.js'

export type ContenderName = 'as2fs' | 'before' | 'rclone' | 's3fs'
/** Whom as2fs is compared with. */
export const otherNames: readonly ContenderName[] = ['before', 'rclone', 's3fs']

/** Directories and the server of one mount. */
interface Place {
  readonly endpoint: string
  readonly bucket: string
  readonly mountpoint: string
  /** For state, caches, temporary files; empty. */
  readonly directory: string
  /** Writes a file that only its owner may read. */
  readonly secret: (name: string, content: string) => string
}

export interface Contender {
  readonly name: ContenderName
  readonly accessKey: string
  command(place: Place): readonly string[]
  readonly environment: NodeJS.ProcessEnv
  /** Where the folders of all partners are below the mountpoint. */
  readonly station: string
  /** Where a partner's received messages, and files to be sent, are below the mountpoint. */
  readonly inbox: (partner: string) => string
  readonly send: (partner: string) => string
}

const secretKey = 'secret-of-the-benchmark'
const here = fileURLToPath(new URL('../../../', import.meta.url))

/** @param checkout of as2fs, built */
function as2fs(name: ContenderName, checkout: string): Contender {
  const accessKey = name.toUpperCase()
  return {
    name,
    accessKey,
    command: ({ endpoint, bucket, mountpoint, directory }) => [
      ...[process.execPath, join(checkout, 'bin/as2fs'), 'mount', bucket, mountpoint, '-f'],
      ...['--endpoint', endpoint, '--state-dir', join(directory, 'state'), '--log-level', 'error'],
    ],
    environment: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey },
    station,
    inbox: (partner) => `${station}/${partner}/inbox`,
    send: (partner) => `${station}/${partner}/send`,
  }
}

const rclone: Contender = {
  name: 'rclone',
  accessKey: 'RCLONE',
  command: ({ endpoint, bucket, mountpoint, directory, secret }) => [
    ...['rclone', 'mount', `bench:${bucket}`, mountpoint, '--vfs-cache-mode', 'writes'],
    ...['--cache-dir', join(directory, 'cache'), '--config', secret('rclone.conf', rcloneConfig(endpoint))],
  ],
  environment: {},
  station: `AS2/files/${station}`,
  inbox: (partner) => `AS2/files/${station}/${partner}/inbox`,
  send: (partner) => `AS2/send/${station}/${partner}`,
}

const s3fs: Contender = {
  name: 's3fs',
  accessKey: 'S3FS',
  command: ({ endpoint, bucket, mountpoint, directory, secret }) => [
    ...['s3fs', bucket, mountpoint, '-f', '-o', `url=${endpoint}`, '-o', 'use_path_request_style'],
    ...['-o', `passwd_file=${secret('s3fs.passwd', `S3FS:${secretKey}\n`)}`, '-o', `tmpdir=${directory}`],
  ],
  environment: {},
  station: rclone.station,
  inbox: rclone.inbox,
  send: rclone.send,
}

/**
 * In the order in which each piece of work is given to them; this checkout is the first.
 * @param before another checkout of as2fs, built
 * @param against names of those to compare with; all if undefined
 */
export function contendersOf(before: string | undefined, against: readonly string[] | undefined): readonly Contender[] {
  const others = [...(before === undefined ? [] : [as2fs('before', before)]), rclone, s3fs]
  return [as2fs('as2fs', here), ...others.filter((it) => against?.includes(it.name) ?? true)]
}

/** What a reader has to know of the settings. */
export const settings = `as2fs: defaults. rclone: --vfs-cache-mode writes, provider Other, list_version 2, no_check_bucket. \
s3fs: use_path_request_style. Whatever is not named is as it comes.`

function rcloneConfig(endpoint: string): string {
  const keys = `access_key_id = RCLONE\nsecret_access_key = ${secretKey}`
  const rest = 'region = us-east-1\nforce_path_style = true\nlist_version = 2\nno_check_bucket = true'
  return `[bench]\ntype = s3\nprovider = Other\nendpoint = ${endpoint}\n${keys}\n${rest}\n`
}
