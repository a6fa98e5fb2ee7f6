/** The contract of the store on a real S3: Ceph's RADOS Gateway, signatures checked, the bucket versioned. */
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { startRadosgw, withoutRadosgw } from '../helpers/radosgw.js'
import { testListing } from './contract/listing.js'
import { testReading } from './contract/reading.js'
import { connect, testServer } from './contract/server.js'
import { bytesOf, freshPrefix, keyOf, patience, put, type Difference, type Subject } from './contract/subject.js'
import { testMultipart, testWriting } from './contract/writing.js'

/** Of Debian 12's version, 16.2. */
const differences: readonly Difference[] = [
  'If-None-Match is ignored by PutObject into a versioned bucket',
  'If-None-Match is ignored by CompleteMultipartUpload',
  'CompleteMultipartUpload answers an empty ETag',
  'CompleteMultipartUpload after an abort is an InternalError',
  'a key that is too long is an InvalidObjectName',
]

t.test('on radosgw', { skip: withoutRadosgw() }, async (t) => {
  const server = await startRadosgw(t, { accessKey: 'AKIATESTTESTTEST', secretKey: 'test-secret/+=' })
  const { client, bucket } = server
  const past: Omit<Subject, 'store'> = {
    put: (key, content) => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content })),
    delete: (key) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })),
    differences,
  }
  await t.test('as for servers that are not AWS', async (t) => {
    const subject: Subject = { ...past, store: connect(t, server) }
    await testListing(t, subject)
    await testReading(t, subject)
    await testWriting(t, subject)
    await testMultipart(t, subject)
  })
  await t.test('as for AWS, with the SDK’s checksums', async (t) => {
    const store = connect(t, server, { isAws: true })
    await testListing(t, { ...past, store })
    await testReading(t, { ...past, store })
    await t.test('an empty body is put, with its checksum', async (t) => {
      const key = keyOf(freshPrefix(), 'empty.edi')
      await put(store, key, Buffer.alloc(0))
      t.match(await store.head(key, patience()), { size: 0 })
    })
    await t.test(
      'a stream, whose checksum comes in a trailer, is refused whole: this version asks for a length',
      async (t) => {
        const key = keyOf(freshPrefix(), 'order.edi')
        await t.rejects(put(store, key, bytesOf(10)), { code: 'EIO', message: /MissingContentLength/ })
        t.equal(await store.head(key, patience()), undefined)
      },
    )
  })
  await t.test('who may not', async (t) => testServer(t, server))
})
