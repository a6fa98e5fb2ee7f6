/** Where the keys come from. They are rotated while the mount stays: files are read again when they change. */
import { parse } from 'csv-parse/sync'
import { readFile, stat } from 'node:fs/promises'
import { codeOf, UsageError } from '../errors.js'
import { notAFile } from '../plain-file.js'
import { StoreError } from './store-error.js'
import type { Milliseconds } from '../units.js'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** The SDK asks again then. */
  readonly expiration?: Date
  /** Where they are from, for people; undefined: that is not told. */
  readonly from?: string
}

export interface CredentialSource {
  /** @throws StoreError `credentials` if there are none */
  get(): Promise<Credentials>
  /** S3 refused the last ones: look again, whatever seems to be known. */
  refused(): void
}

/** How often a file is looked at; the SDK keeps credentials until they expire, so they do. */
export const recheck: Milliseconds = 2_000
/** The SDK renews credentials that expire within five minutes. */
export const sdkMargin: Milliseconds = 5 * 60 * 1000

/** The CSV that the gateway's S3 Integration page hands out: a header and one row, access key and secret key. */
export function csvCredentials(file: string): CredentialSource {
  let read: { readonly version: string; readonly credentials: Credentials } | undefined
  return {
    async get() {
      try {
        const found = await stat(file)
        const other = notAFile(file, found)
        if (other !== undefined) throw new UsageError(`The credentials file ${file} is no file, but ${other}.`)
        const { mtimeMs, size, ino } = found
        const version = `${mtimeMs} ${size} ${ino}`
        if (read?.version !== version) read = { version, credentials: parseCsv(await readFile(file, 'utf8'), file) }
        return { ...read.credentials, from: file, expiration: new Date(Date.now() + sdkMargin + recheck) }
      } catch (cause) {
        const code = codeOf(cause)
        const why = code === undefined ? '' : ` (${code})`
        const sentence =
          cause instanceof UsageError ? cause.message : `The credentials file ${file} can't be read${why}.`
        throw new StoreError('EACCES', 'credentials', 'CredentialsFile', sentence, { key: file, cause })
      }
    },
    refused() {
      read = undefined
    },
  }
}

/** @throws UsageError that names the file, never what is in it */
export function parseCsv(text: string, file: string): Credentials {
  let rows: string[][]
  try {
    rows = parse(text, { bom: true, trim: true, skip_empty_lines: true, relax_column_count: true })
  } catch {
    throw new UsageError(`The credentials file ${file} is not a CSV file: download it again from the gateway.`)
  }
  const header = (rows[0] ?? []).map((it) => it.toLowerCase().replaceAll(/[^a-z]/g, ''))
  const row = rows[1] ?? []
  const column = (...names: string[]): string => row[header.findIndex((it) => names.includes(it))] ?? ''
  const accessKeyId = column('accesskeyid', 'accesskey', 'awsaccesskeyid')
  const secretAccessKey = column('secretaccesskey', 'secretkey', 'awssecretaccesskey', 'accesssecret')
  if (accessKeyId === '' || secretAccessKey === '') {
    throw new UsageError(
      `The credentials file ${file} has no access key and secret key: it needs a header and one row.`,
    )
  }
  return { accessKeyId, secretAccessKey }
}
