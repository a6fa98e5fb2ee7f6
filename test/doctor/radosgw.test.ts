/** A doctor beside a real S3 server, Ceph's RADOS Gateway. */
import t from 'tap'
import { ListMultipartUploadsCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { diagnose, found, ownEnvironment, patient } from '../helpers/doctor.js'
import { credentials } from '../helpers/mounted.js'
import { startRadosgw, withoutRadosgw } from '../helpers/radosgw.js'

ownEnvironment()

t.test('all is well, wrong keys are found, and nothing stays', { skip: withoutRadosgw() }, async (t) => {
  const { client, bucket, endpoint } = await startRadosgw(t, credentials)
  const key = 'AS2/files/ACME/GLOBEX/inbox/7207841093900001/order.edi'
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'ISA*00*' }))
  const { mountpoint, stateDirectory } = await patient(t)
  const args = [bucket, mountpoint, '--endpoint', endpoint, '--state-dir', stateDirectory]
  const { code, report, mark } = await diagnose(args)
  t.equal(code, 0, report.verdict)
  for (const name of ['server', 'keys', 'clock', 'bucket', 'prefix', 'list files/', 'read', 'send']) {
    t.equal(mark(name), 'ok', name)
  }
  found(t, await diagnose([...args, '--prefix', 'as2/']), 'prefix', 'failure', /but below AS2\/: give --prefix AS2\//)
  found(
    t,
    await diagnose(args, { env: { AWS_SECRET_ACCESS_KEY: 'wrong' } }),
    'keys',
    'failure',
    /SignatureDoesNotMatch/,
  )
  found(t, await diagnose(args, { env: { AWS_ACCESS_KEY_ID: 'AKIAWRONG' } }), 'keys', 'failure', /InvalidAccessKeyId/)
  const missing = args.map((it) => (it === bucket ? 'mftg-missing' : it))
  found(t, await diagnose(missing), 'bucket', 'failure', /no such bucket/)
  const { Uploads: uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  t.same(uploads, [])
  const { Versions: versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }))
  t.same(
    versions.map((it) => it.Key),
    [key],
  )
})
