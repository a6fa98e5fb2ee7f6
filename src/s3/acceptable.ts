/**
 * What an acceptable answer to each request is. Proxies, filters, logins and broken servers answer too, with any status and
 * any page: whatever is not S3's own, or not to what was asked, is a `ForeignAnswer`. Pure.
 */
import type { Bytes, Key } from '../units.js'
import { ForeignAnswer } from './foreign-answer.js'
import { unquoted } from './list-page.js'
import { StoreError } from './store-error.js'
import type { ByteRange, GetRequest } from './store.js'
import type { TimesOfVersions } from './times-of-versions.js'
import { textsOf } from './xml.js'

/** The head of an answer. Names of headers are in lower case. */
export interface AnswerHead {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
}

/** S3's own error, by the names of its elements. @returns undefined if the body is no such thing */
export function saidByS3(body: string): ReadonlyMap<string, string> | undefined {
  const said = textsOf(body, 'Error')
  return said && /^[A-Za-z][\w.-]*$/.test(said.get('Code') ?? '') ? said : undefined
}

/** Of an answer that can have no body. */
export function isFromS3({ headers }: AnswerHead): boolean {
  return Object.keys(headers).some((it) => it.startsWith('x-amz-'))
}

/**
 * PutObject. Anybody may answer with an empty page that has an ETag: a yes without a word of S3's own proves nothing, and is
 * looked for. @returns the ETag
 */
export function acceptPut(head: AnswerHead, body: string): string {
  const etag = acceptStored(head, body)
  if (!isFromS3(head)) throw new ForeignAnswer('one who does not say that it is S3 (no x-amz- header)')
  return etag
}

/** UploadPart: what was not stored is found missing when the upload is completed. @returns the ETag */
export function acceptStored(head: AnswerHead, body: string): string {
  const etag = unquoted(head.headers.etag)
  if (head.statusCode !== 200 || etag === '' || body.trim() !== '') throw foreign(head)
  return etag
}

/** CreateMultipartUpload. @returns its id */
export function acceptBegun(head: AnswerHead, body: string, key: Key): string {
  const result = textsOf(body, 'InitiateMultipartUploadResult')
  const id = result?.get('UploadId') ?? ''
  if (head.statusCode !== 200 || id === '' || (result?.get('Key') ?? key) !== key) throw foreign(head)
  return id
}

/** CompleteMultipartUpload. @returns the ETag */
export function acceptCompleted(head: AnswerHead, body: string, key: Key): string {
  const result = textsOf(body, 'CompleteMultipartUploadResult')
  if (head.statusCode !== 200 || !result || (result.get('Key') ?? key) !== key) throw foreign(head)
  const etag = unquoted(result.get('ETag'))
  // Ceph 16.2 says so, and so may others.
  if (etag === '') throw new ForeignAnswer('a server that does not say what it stored (no ETag)')
  return etag
}

/** AbortMultipartUpload. */
export function acceptAborted(head: AnswerHead, body: string): void {
  const isDone = [200, 204].includes(head.statusCode) && isFromS3(head) && body.trim() === ''
  if (!isDone) throw foreign(head)
}

/** HeadObject. */
export function acceptHead(head: AnswerHead): void {
  const { 'content-type': type = '', 'content-length': length = '', ...rest } = head.headers
  const isObject = rest.etag !== undefined && rest['last-modified'] !== undefined && /^\d+$/.test(length)
  const isPage = type.startsWith('text/html') && !isFromS3(head)
  if (head.statusCode !== 200 || !isObject || isPage) throw foreign(head)
}

/** How much of a body is to come: so much, or up to so much. */
export interface ExpectedBody {
  readonly length: Bytes | undefined
  readonly limit: Bytes
}

/** A whole object is asked for where its size is known, so that more than this never is one. */
const largestWhole: Bytes = 64 * 1024 * 1024

/**
 * GetObject. Some servers ignore If-Match or Range, and proxies cut answers.
 * @param times of what was read before
 * @throws StoreError ESTALE if it is of another version, ForeignAnswer
 */
export function acceptObject(head: AnswerHead, request: GetRequest, times: TimesOfVersions): ExpectedBody {
  const { key, etag = '', range, into } = request
  const { headers, statusCode } = head
  if (headers.etag === undefined && (etag !== '' || !isFromS3(head))) throw foreign(head)
  const isSame = etag !== '' && unquoted(headers.etag) === etag
  if (etag !== '' && !isSame) {
    if (!isFromS3(head)) throw foreign(head)
    throw replaced(key, 'OtherETag')
  }
  const length = announced(head)
  if (etag === '') requireListed(head, request, length, times)
  if (range && statusCode === 206) return partOf(head, range, length)
  if (statusCode !== 200 || (range && range.start > 0)) throw foreign(head)
  // Of the version that was asked for, so it is not the object that has another length.
  const known = range ? undefined : isSame ? (request.size ?? into?.length) : undefined
  if (known !== undefined && length !== undefined && length !== known) {
    throw new ForeignAnswer(`one who announces ${length} bytes where there are ${known}`)
  }
  return { length: length ?? known, limit: range ? range.end : Math.max(largestWhole, into?.length ?? 0) }
}

/** Without an ETag it is told by its size and time whether it is the version that was listed. */
function requireListed(
  { headers }: AnswerHead,
  request: GetRequest,
  length: Bytes | undefined,
  times: TimesOfVersions,
): void {
  const { key, range, size, mtime } = request
  const whole = range ? Number(/\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] ?? NaN) : (length ?? NaN)
  const time = Date.parse(headers['last-modified'] ?? '')
  const isListed = mtime !== undefined && !Number.isNaN(time)
  const hasOtherSize = size !== undefined && !Number.isNaN(whole) && whole !== size
  // The header has no fraction of a second; a listing may.
  const hasOtherTime = isListed && Math.abs(time - mtime) >= 1_000
  if (hasOtherSize) throw replaced(key, 'OtherSize')
  if (hasOtherTime || (isListed && times.isOther(request, time))) throw replaced(key, 'OtherTime')
}

function replaced(key: Key, how: string): StoreError {
  return new StoreError('ESTALE', 'condition', how, `${key} was replaced since it was opened.`, { key })
}

function partOf(head: AnswerHead, range: ByteRange, length: Bytes | undefined): ExpectedBody {
  const [, from, to, size] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(head.headers['content-range'] ?? '') ?? []
  const end = Number(to) + 1
  const isAll = end === range.end || (end < range.end && end === Number(size))
  const isPart = Number(from) === range.start && isAll && (length ?? end - range.start) === end - range.start
  if (!isPart) throw new ForeignAnswer('one who sends another part of it')
  return { length: end - range.start, limit: range.end - range.start }
}

function announced({ headers }: AnswerHead): Bytes | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** Whatever else came. */
export function foreign({ statusCode, headers }: AnswerHead): ForeignAnswer {
  const type = headers['content-type']?.split(';')[0]
  const what = `somebody else: a proxy, a filter or a login (HTTP ${statusCode}${type === undefined ? '' : `, ${type}`})`
  return new ForeignAnswer(what)
}
