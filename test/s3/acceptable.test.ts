/** What counts as S3's own answer to each request. */
import t from 'tap'
import {
  acceptAborted,
  acceptBegun,
  acceptCompleted,
  acceptHead,
  acceptObject,
  acceptPut,
  acceptStored,
  saidByS3,
  type AnswerHead,
} from '../../src/s3/acceptable.js'
import { TimesOfVersions } from '../../src/s3/times-of-versions.js'
import { acceptPage, positionOf } from '../../src/s3/acceptable-page.js'
import type { ListedPage } from '../../src/s3/list-page.js'
import type { GetRequest, ListRequest, ObjectInfo } from '../../src/s3/store.js'
import type { Key, Prefix } from '../../src/units.js'

const key = 'AS2/send/A/B/x & y.edi' as Key
const foreign = { name: 'ForeignAnswer' }
const head = (headers: Record<string, string> = {}, statusCode = 200): AnswerHead => ({ statusCode, headers })

t.test('an upload is acknowledged by an ETag, and by nothing else', async (t) => {
  t.equal(acceptStored(head({ etag: '"abc"' }), ''), 'abc')
  t.throws(() => acceptStored(head(), ''), foreign)
  t.throws(() => acceptStored(head({ etag: '""' }), ''), foreign)
  t.throws(() => acceptStored(head({ etag: '"abc"' }, 201), ''), foreign)
  t.throws(() => acceptStored(head({ etag: '"abc"' }), '<html>'), foreign, 'a page that has one')
})

t.test('a file is stored when S3 itself says so', async (t) => {
  const fromS3 = { 'x-amz-request-id': '1' }
  t.equal(acceptPut(head({ etag: '"abc"', ...fromS3 }), ''), 'abc')
  t.throws(() => acceptPut(head({ etag: '"abc"' }), ''), foreign)
  t.throws(() => acceptPut(head(fromS3), ''), foreign)
})

t.test('a multipart upload is begun for this key', async (t) => {
  const result = (rest: string, root = 'InitiateMultipartUploadResult') =>
    `<?xml version="1.0"?>\n<${root}>${rest}</${root}>`
  t.equal(acceptBegun(head(), result('<Key>AS2/send/A/B/x &amp; y.edi</Key><UploadId>1~2</UploadId>'), key), '1~2')
  t.equal(acceptBegun(head(), result('<UploadId>1</UploadId>'), key), '1')
  t.throws(() => acceptBegun(head(), result('<Key>another</Key><UploadId>1</UploadId>'), key), foreign)
  t.throws(() => acceptBegun(head(), result('<UploadId/>'), key), foreign)
  t.throws(() => acceptBegun(head(), result('<UploadId>1</UploadId>', 'html'), key), foreign)
  t.throws(() => acceptBegun(head(), '', key), foreign)
})

t.test('a multipart upload is completed by a result with an ETag', async (t) => {
  const result = (rest: string) => ` \n<CompleteMultipartUploadResult>${rest}</CompleteMultipartUploadResult>`
  t.equal(acceptCompleted(head(), result('<ETag>&quot;abc-2&quot;</ETag>'), key), 'abc-2')
  t.throws(() => acceptCompleted(head(), result('<ETag></ETag>'), key), { message: /does not say what it stored/ })
  t.throws(() => acceptCompleted(head(), result('<Key>b</Key><ETag>"a"</ETag>'), key), foreign)
  t.throws(() => acceptCompleted(head({ etag: '"abc"' }), '', key), foreign)
})

t.test('what else S3 answers', async (t) => {
  acceptAborted(head({ 'x-amz-request-id': '1' }, 204), '')
  t.throws(() => acceptAborted(head({}, 204), ''), foreign)
  acceptAborted(head({ 'x-amz-request-id': '1' }), '')
  t.throws(() => acceptAborted(head(), ''), foreign)
  const modified = { 'last-modified': 'Tue, 03 Mar 2026 09:30:00 GMT' }
  acceptHead(head({ etag: '"a"', 'content-length': '0', ...modified }))
  acceptHead(head({ etag: '"a"', 'content-length': '0', 'content-type': 'text/html', 'x-amz-id-2': '1', ...modified }))
  t.throws(
    () => acceptHead(head({ etag: '"a"', 'content-length': '0', 'content-type': 'text/html', ...modified })),
    foreign,
  )
  t.throws(() => acceptHead(head({ 'content-length': '0', ...modified })), foreign)
})

t.test('an error in S3’s own words', async (t) => {
  const said = saidByS3(
    '<?xml version="1.0"?><Error xmlns="x"><Code>AccessDenied</Code><Message>No &lt;b&gt;</Message></Error>\n',
  )
  t.same(said && Object.fromEntries(said), { Code: 'AccessDenied', Message: 'No <b>' })
  for (const words of [
    '',
    'AccessDenied',
    '<html><body><Error><Code>AccessDenied</Code></Error></body></html>',
    '<Error><Code>AccessDenied</Code>',
    '<Error><Code/></Error>',
    '<Error><Code>Access is denied</Code></Error>',
    '<Error><Message>AccessDenied</Message></Error>',
    '<Error><Detail><Code>AccessDenied</Code></Detail></Error>',
  ]) {
    t.equal(saidByS3(words), undefined, words)
  }
})

t.test('the body of an object', async (t) => {
  const from = { 'x-amz-request-id': '1' }
  const range = { start: 10, end: 20 }
  const ask = (request: Partial<GetRequest>, headers: Record<string, string>, status = 200) =>
    acceptObject(head(headers, status), { key, ...request }, times)
  const times = new TimesOfVersions()
  const into = Buffer.alloc(7)
  t.match(ask({ etag: 'a', into }, { etag: '"a"', 'content-length': '7' }), { length: 7 })
  t.match(ask({ etag: 'a', into }, { etag: '"a"' }), { length: 7 }, 'without its length')
  t.match(ask({}, from), { length: undefined })
  const part = { etag: '"a"', 'content-range': 'bytes 10-19/100' }
  t.match(ask({ etag: 'a', range }, part, 206), { length: 10, limit: 10 })
  t.match(ask({ etag: 'a', range }, { ...part, 'content-range': 'bytes 10-14/15' }, 206), { length: 5 }, 'at the end')
  t.match(ask({ etag: 'a', range: { start: 0, end: 20 } }, { etag: '"a"', 'content-length': '15' }), {
    length: 15,
    limit: 20,
  })

  t.throws(() => ask({ etag: 'a' }, from), foreign, 'no ETag')
  t.throws(() => ask({}, {}), foreign, 'nothing of S3’s')
  t.throws(() => ask({ etag: 'a' }, { etag: '"b"' }), foreign, 'a page with an ETag of its own')
  t.throws(() => ask({ etag: 'a' }, { etag: '"b"', ...from }), { code: 'ESTALE', failure: 'condition' })
  t.throws(() => ask({ etag: 'a', into }, { etag: '"a"', 'content-length': '6' }), foreign)
  t.match(ask({ etag: 'a', size: 7 }, { etag: '"a"' }), { length: 7 }, 'as it was listed')
  t.throws(() => ask({ etag: 'a', size: 7 }, { etag: '"a"', 'content-length': '6' }), foreign, 'less than was listed')
  const listed = { size: 7, mtime: Date.parse('2026-05-01T10:00:00.900Z') }
  const then = { ...from, 'content-length': '7', 'last-modified': 'Fri, 01 May 2026 10:00:00 GMT' }
  t.match(ask(listed, then), { length: 7 }, 'without an ETag')
  t.match(ask(listed, from), { length: undefined }, 'where nothing is told')
  const next = { ...then, 'last-modified': 'Fri, 01 May 2026 10:00:01 GMT' }
  t.throws(() => ask(listed, next), { code: 'ESTALE' }, 'not a second later, but of another time than the first answer')
  t.match(ask({ ...listed, mtime: listed.mtime + 600 }, next), { length: 7 }, 'as it is listed now')
  const replaced = { code: 'ESTALE', failure: 'condition' }
  t.throws(
    () => ask(listed, { ...then, 'last-modified': 'Fri, 01 May 2026 10:00:02 GMT' }),
    replaced,
    'of another time',
  )
  t.throws(() => ask(listed, { ...then, 'content-length': '8' }), replaced, 'of another size')
  t.throws(() => ask({ ...listed, range }, { ...from, 'content-range': 'bytes 10-19/100' }, 206), replaced)
  t.throws(() => ask({ etag: 'a', range }, { etag: '"a"' }), foreign, 'all of it')
  t.throws(() => ask({ etag: 'a', range }, { etag: '"a"' }, 206), foreign, 'a part that is not named')
  for (const other of ['bytes 11-19/100', 'bytes 10-18/100', 'bytes 10-20/100', 'bytes 10-9/100', 'bytes */100']) {
    t.throws(() => ask({ etag: 'a', range }, { ...part, 'content-range': other }, 206), foreign, other)
  }
  t.throws(() => ask({ etag: 'a', range }, { ...part, 'content-length': '9' }, 206), foreign)
  t.throws(() => ask({ etag: 'a' }, { etag: '"a"' }, 204), foreign)
})

const prefix = 'AS2/in/' as Prefix
const objects = (...keys: string[]): ObjectInfo[] =>
  keys.map((it) => ({ key: it as Key, size: 1, mtime: 1, etag: 'a' }))
const page = (more: Partial<ListedPage>): ListedPage => ({
  ...{ objects: [], prefixes: [], isTruncated: 'false', token: undefined, prefix, isEncoded: true },
  ...more,
})
const accept = (more: Partial<ListedPage>, request: Partial<ListRequest> = {}) => {
  const before = request.token === undefined ? undefined : positionOf(request.token)
  return acceptPage(page(more), { prefix, ...request }, before)
}
const folders = (...names: string[]) => names as Prefix[]

t.test('a page of a listing', async (t) => {
  const all = objects('AS2/in/', 'AS2/in/a', 'AS2/in/\uffff', 'AS2/in/🚚')
  t.same(accept({ objects: all }), { objects: all, prefixes: [], next: undefined })
  t.same(accept({ objects: all, prefix: undefined }).objects, all, 'that does not repeat the prefix')
  const more = accept({ objects: all, isTruncated: 'true', token: 'x' }).next
  t.same(positionOf(more ?? ''), { token: 'x', last: 'AS2/in/🚚', empty: 0 })
  t.same(accept({ objects: objects('AS2/in/c') }, { startAfter: 'AS2/in/b' as Key }).objects.length, 1)

  const odd = { prefix: 'AS2/A+B%41 C/' as Prefix }
  for (const prefix of ['AS2/A+B%41 C/', 'AS2/A%2BB%2541+C/', 'AS2/A%2BB%2541%20C/'])
    t.ok(accept({ prefix }, odd), prefix)
  t.throws(() => accept({ prefix: 'AS2/A+B%41 C/', isEncoded: false }, { prefix: 'AS2/A BA C/' as Prefix }), foreign)

  for (const [what, wrong] of Object.entries<Partial<ListedPage>>({
    'of another folder': { prefix: 'AS2/' },
    'with no prefix at all': { prefix: '' },
    'empty, of nobody knows what': { prefix: undefined },
    'with another folder’s keys': { objects: objects('AS2/out/a') },
    'out of order': { objects: objects('AS2/in/b', 'AS2/in/a') },
    'in the order of UTF-16': { objects: objects('AS2/in/🚚', 'AS2/in/\uffff') },
    'with a key twice': { objects: objects('AS2/in/a', 'AS2/in/a') },
    'without IsTruncated': { isTruncated: undefined },
    'truncated maybe': { isTruncated: 'perhaps' },
    'truncated, without a token': { isTruncated: 'true' },
    'truncated, with an empty token': { isTruncated: 'true', token: '' },
    'with a token that no URL holds': { isTruncated: 'true', token: 'x'.repeat(100_000) },
    'with folders that nobody asked for': { prefixes: folders('AS2/in/a/') },
  })) {
    t.throws(() => accept(wrong), foreign, what)
  }
  t.throws(() => accept({ objects: objects('AS2/in/b') }, { startAfter: 'AS2/in/b' as Key }), foreign)
})

t.test('a page after others', async (t) => {
  const token = accept({ objects: objects('AS2/in/b'), isTruncated: 'true', token: 'x' }).next ?? ''
  t.same(accept({ objects: objects('AS2/in/c') }, { token }).objects.length, 1)
  t.throws(() => accept({ objects: objects('AS2/in/b') }, { token }), foreign, 'a key again')
  t.throws(() => accept({ objects: objects('AS2/in/a') }, { token }), foreign, 'the first page again')
  t.throws(() => accept({ isTruncated: 'true', token: 'x' }, { token }), foreign, 'the same token')
  t.throws(() => accept({ objects: objects('AS2/in/c'), isTruncated: 'true', token: 'x' }, { token }), foreign)
})

t.test('empty pages may lead on, but not without end', async (t) => {
  let token: string | undefined
  const lead = (at: number) => {
    token = accept({ isTruncated: 'true', token: `t${at}` }, token === undefined ? {} : { token }).next
  }
  for (let at = 0; at < 1_000; at += 1) lead(at)
  t.throws(() => lead(1_000), foreign)
  const last = accept({ objects: objects('AS2/in/a'), isTruncated: 'true', token: 'y' }, { token: token ?? '' }).next
  t.match(positionOf(last ?? ''), { empty: 0, last: 'AS2/in/a' })
})

t.test('folders', async (t) => {
  const asked = { delimiter: '/' } as const
  const both = { objects: objects('AS2/in/b', 'AS2/in/z'), prefixes: folders('AS2/in/a/', 'AS2/in/c/') }
  const next = accept({ ...both, isTruncated: 'true', token: 'x' }, asked).next ?? ''
  t.equal(positionOf(next).last, 'AS2/in/z')
  t.same(accept({ prefixes: folders('AS2/in//') }, asked).prefixes, ['AS2/in//'])
  // The last one of the page before, again.
  const inFolder = accept({ prefixes: folders('AS2/in/c/'), isTruncated: 'true', token: 'x' }, asked).next ?? ''
  t.same(accept({ prefixes: folders('AS2/in/c/', 'AS2/in/d/') }, { ...asked, token: inFolder }).prefixes, ['AS2/in/d/'])
  // Begun within one.
  const startAfter = 'AS2/in/c/5' as Key
  t.same(accept({ prefixes: folders('AS2/in/c/', 'AS2/in/d/') }, { ...asked, startAfter }).prefixes.length, 2)

  for (const prefixes of [['AS2/in/'], ['AS2/in/a'], ['AS2/out/a/'], ['AS2/in/b/', 'AS2/in/a/']]) {
    t.throws(() => accept({ prefixes: folders(...prefixes) }, asked), foreign, prefixes.join())
  }
  t.throws(() => accept({ objects: objects('AS2/in/a/b') }, asked), foreign, 'what is in a folder')
  t.throws(() => accept({ prefixes: folders('AS2/in/b/') }, { ...asked, startAfter }), foreign, 'before the start')
})
