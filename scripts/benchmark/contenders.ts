/** The programs that are compared, and how each is started. */
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { station } from './server/fill.js'

export type ContenderName = 'as2fs' | 'before' | 'rclone' | 's3fs'
/** Whom as2fs is compared with. */
export const otherNames: readonly ContenderName[] = ['before', 'rclone', 's3fs']
/** Those that are not as2fs of another day. */
export const peerNames: readonly ContenderName[] = ['rclone', 's3fs']

/** Directories and the server of one mount. */
interface Place {
  readonly endpoint: string
  /** The certificate of the server; undefined: it has none. */
  readonly ca: string | undefined
  readonly bucket: string
  readonly mountpoint: string
  /** For state, caches, temporary files; empty. */
  readonly directory: string
  /** Writes a file that only its owner may read. */
  readonly secret: (name: string, content: string) => string
}

export interface Contender {
  readonly name: ContenderName
  /** The program and what comes first of its arguments. */
  readonly program: readonly string[]
  readonly accessKey: string
  command(place: Place): readonly string[]
  environment(place: Place): NodeJS.ProcessEnv
  /** Where the folders of all partners are below the mountpoint. */
  readonly station: string
  /** Where a partner's received messages, and files to be sent, are below the mountpoint. */
  readonly inbox: (partner: string) => string
  readonly send: (partner: string) => string
}

/** Which programs take part. */
export interface Lineup {
  /** An as2fs other than this checkout's: as it is packaged, say. */
  readonly as2fs: string | undefined
  /** Another checkout of as2fs, built. */
  readonly before: string | undefined
  readonly rclone: string
  /** Names of those to compare with; all if undefined. */
  readonly against: readonly string[] | undefined
}

export const secretKey = 'secret-of-the-benchmark'
const here = fileURLToPath(new URL('../../../', import.meta.url))

function as2fs(name: ContenderName, program: readonly string[]): Contender {
  const accessKey = name.toUpperCase()
  return {
    name,
    program,
    accessKey,
    command: ({ endpoint, ca, bucket, mountpoint, directory }) => [
      ...[...program, 'mount', bucket, mountpoint, '-f'],
      ...['--endpoint', endpoint, '--state-dir', join(directory, 'state'), '--log-level', 'error'],
      ...(ca === undefined ? [] : ['--ca-file', ca]),
    ],
    environment: () => ({ AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey }),
    station,
    inbox: (partner) => `${station}/${partner}/inbox`,
    send: (partner) => `${station}/${partner}/send`,
  }
}

/** Peers show the bucket as it is. */
const asInBucket = {
  station: `AS2/files/${station}`,
  inbox: (partner: string) => `AS2/files/${station}/${partner}/inbox`,
  send: (partner: string) => `AS2/send/${station}/${partner}`,
}

function rclone(program: string): Contender {
  return {
    name: 'rclone',
    program: [program],
    accessKey: 'RCLONE',
    command: ({ endpoint, ca, bucket, mountpoint, directory, secret }) => [
      ...[program, 'mount', `bench:${bucket}`, mountpoint, '--vfs-cache-mode', 'writes'],
      ...['--cache-dir', join(directory, 'cache'), '--config', secret('rclone.conf', rcloneConfig(endpoint))],
      ...(ca === undefined ? [] : ['--ca-cert', ca]),
    ],
    environment: () => ({}),
    ...asInBucket,
  }
}

const s3fs: Contender = {
  name: 's3fs',
  program: ['s3fs'],
  accessKey: 'S3FS',
  command: ({ endpoint, bucket, mountpoint, directory, secret }) => [
    ...['s3fs', bucket, mountpoint, '-f', '-o', `url=${endpoint}`, '-o', 'use_path_request_style'],
    ...['-o', `passwd_file=${secret('s3fs.passwd', `S3FS:${secretKey}\n`)}`, '-o', `tmpdir=${directory}`],
  ],
  environment: ({ ca }) => (ca === undefined ? {} : { CURL_CA_BUNDLE: ca }),
  ...asInBucket,
}

/** This as2fs is the first. */
export function contendersOf({ as2fs: program, before, rclone: path, against }: Lineup): readonly Contender[] {
  const ofCheckout = (checkout: string): readonly string[] => [process.execPath, join(checkout, 'bin/as2fs')]
  const others = [...(before === undefined ? [] : [as2fs('before', ofCheckout(before))]), rclone(path), s3fs]
  const own = as2fs('as2fs', program === undefined ? ofCheckout(here) : [program])
  return [own, ...others.filter((it) => against?.includes(it.name) ?? true)]
}

/** What a reader has to know of the settings. */
export const settings = `as2fs: defaults. rclone: --vfs-cache-mode writes, provider Other, list_version 2, no_check_bucket; \
--dir-cache-time 5s where what came meanwhile is to be seen. s3fs: use_path_request_style. With TLS each has the server's \
certificate as the only one it trusts (--ca-file, --ca-cert, CURL_CA_BUNDLE), and verifies it. Whatever is not named is as it comes.`

function rcloneConfig(endpoint: string): string {
  const keys = `access_key_id = RCLONE\nsecret_access_key = ${secretKey}`
  const rest = 'region = us-east-1\nforce_path_style = true\nlist_version = 2\nno_check_bucket = true'
  return `[bench]\ntype = s3\nprovider = Other\nendpoint = ${endpoint}\n${keys}\n${rest}\n`
}
