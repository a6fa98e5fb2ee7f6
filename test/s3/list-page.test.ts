import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { parseListPage } from '../../src/s3/list-page.js'
import { anyObjects } from '../helpers/listed.js'

const head =
  '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
  '<EncodingType>url</EncodingType>'
const tail = '</ListBucketResult>'
const contents =
  '<Contents><Key>AS2/a%2Bb+c%0A&amp;</Key><LastModified>2026-03-02T09:30:00.123Z</LastModified>' +
  '<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>5000000000</Size><StorageClass>STANDARD</StorageClass></Contents>'
const object = {
  key: 'AS2/a+b c\n&',
  size: 5_000_000_000,
  mtime: Date.UTC(2026, 2, 2, 9, 30, 0, 123),
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
}

t.test('a page as S3 writes it', async (t) => {
  const page = parseListPage(
    `${head}<Name>bucket</Name><Prefix>AS2/+a%2B</Prefix><Delimiter/><KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>` +
      `<NextContinuationToken>1&#x2F;a&lt;&#98;</NextContinuationToken>${contents}` +
      `<CommonPrefixes><Prefix>AS2/f%C3%BC/</Prefix></CommonPrefixes>${tail}`,
  )
  t.strictSame(page, {
    ...{ objects: [object], prefixes: ['AS2/fü/'], isTruncated: 'true', token: '1/a<b' },
    ...{ prefix: 'AS2/+a%2B', isEncoded: true },
  })
})

t.test('what is missing is not made up', async (t) => {
  const page = {
    ...{ objects: [], prefixes: [], isTruncated: undefined, token: undefined, prefix: undefined },
    isEncoded: true,
  }
  t.strictSame(parseListPage(`${head}${tail}`), page)
  t.strictSame(parseListPage('<ListBucketResult/>'), { ...page, isEncoded: false })
})

t.test('keys that the server did not encode are taken as they are', async (t) => {
  const xml = `${head}${contents}${tail}`.replace('<EncodingType>url</EncodingType>', '')
  t.equal(parseListPage(xml)?.objects[0]?.key, 'AS2/a%2Bb+c%0A&')
})

t.test('white space, owners, checksums and what nobody has heard of are passed by', async (t) => {
  const own =
    '<Owner><ID>1</ID><DisplayName/></Owner><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><New><A><B/></A></New>'
  const page = parseListPage(
    `${head}\n  <News><Contents>1</Contents></News>\n${contents.replace('<Size>', `\n ${own}<Size>`)}\n${tail}\n`,
  )
  t.strictSame(page?.objects, [object])
})

t.test('attributes, comments and CDATA are read as XML has them', async (t) => {
  for (const xml of [
    `${head}<!-- a comment with <Contents> -->${contents}${tail}`,
    `${head}${contents.replace('AS2/a', 'AS2/<![CDATA[a]]><!-- b -->')}${tail}`,
    `${head}${contents.replace('<Size>', '<Size unit="byte" more=\'1\'>')}${tail}`,
    `${head}<Owner><ID><![CDATA[</Owner>]]></ID></Owner>${contents}${tail}`,
  ]) {
    t.strictSame(parseListPage(xml)?.objects, [object], xml)
  }
})

t.test('what is no listing', async (t) => {
  for (const xml of [
    '<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>',
    '<html><body><ListBucketResult></ListBucketResult></body></html>',
    '<ListBucketResults></ListBucketResults>',
    '<!DOCTYPE x><ListBucketResult></ListBucketResult>',
    'no xml at all',
    '',
  ]) {
    t.equal(parseListPage(xml), undefined, xml)
  }
})

t.test('a listing that can’t be read is none', async (t) => {
  for (const xml of [
    `${head}${contents.replace(/<Key>.*<\/Key>/, '')}${tail}`,
    `${head}${contents.replace('&amp;', '&nbsp;')}${tail}`,
    `${head}${contents.replace('&amp;', '&#x110000;')}${tail}`,
    `${head}</Contents>${tail}`,
    `${head}<?php ?>${contents}${tail}`,
    `${head}${contents.replace('<Size>', '<Size unit=">">')}${tail}`,
    `${head}<Contents/>${tail}`,
    `${head}<!-- ${tail}`,
  ]) {
    t.throws(() => parseListPage(xml), { name: 'UnreadableXml' }, xml)
  }
})

t.test('a time or a size that can’t be read spoils no other entry, and makes no empty file', async (t) => {
  const odd = [
    contents.replace('2026-03-02T09:30:00.123Z', 'the day before yesterday'),
    contents.replace(/<LastModified>.*<\/LastModified>/, ''),
    contents.replace('5000000000', '20000000000000000000'),
    contents.replace('5000000000', '-1'),
    contents.replace('<Size>5000000000</Size>', ''),
  ]
  const most = Number.MAX_SAFE_INTEGER
  t.strictSame(parseListPage(`${head}${odd.join('')}${contents}${tail}`)?.objects, [
    { ...object, mtime: 0 },
    { ...object, mtime: 0 },
    { ...object, size: most },
    { ...object, size: most },
    { ...object, size: most },
    object,
  ])
})

t.test('half a page is never a page', async (t) => {
  const whole = `${head}${contents}${contents}${tail}`
  for (let length = whole.indexOf('<ListBucketResult') + 18; length < whole.length; length += 1) {
    t.throws(() => parseListPage(whole.slice(0, length)), /half a document/)
  }
})

t.test('every key that is listed is read as it was', async (t) => {
  fc.assert(
    fc.property(anyObjects, fc.boolean(), (objects, isEscaped) => {
      const encoded = (key: string) =>
        isEscaped ? encodeURIComponent(key) : encodeURIComponent(key).replaceAll('%2F', '/')
      const xml = objects.map(
        (it) =>
          `<Contents><Key>${encoded(it.key)}</Key><LastModified>${new Date(it.mtime).toISOString()}</LastModified>` +
          `<ETag>"${it.etag}"</ETag><Size>${it.size}</Size></Contents>`,
      )
      deepStrictEqual(parseListPage(`${head}${xml.join('')}${tail}`)?.objects, objects)
    }),
  )
  t.pass()
})

t.test('a key that is not UTF-8 does not hide the others', async (t) => {
  const other = contents.replace('AS2/a%2Bb+c%0A&amp;', 'AS2/%FF')
  t.same(
    parseListPage(`${head}${contents}${other}${tail}`)?.objects.map((it) => it.key),
    [object.key],
  )
})
