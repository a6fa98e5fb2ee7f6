/** A real S3 for tests: Ceph's RADOS Gateway (`scripts/rgw`), with a bucket that is versioned. Gone with the test. */
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

// Of the SDK's future on Node 20, which is no news for who runs the tests.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

const script = fileURLToPath(new URL('../../../scripts/rgw', import.meta.url))

export interface Radosgw {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKey: string
  readonly secretKey: string
  /** For what a Store can't do: delete, look at versions. */
  readonly client: S3Client
}

/** Why tests on it are skipped; false if they are not. With AS2FS_REQUIRE_RGW they fail instead. */
export function withoutRadosgw(): string | false {
  const programs = ['/usr/bin/radosgw', '/usr/bin/ceph-mon', '/usr/bin/ceph-osd']
  if (process.env.AS2FS_REQUIRE_RGW === '1' || programs.every((it) => existsSync(it))) return false
  return 'there is no radosgw: apt-get install ceph-mon ceph-osd radosgw'
}

export async function startRadosgw(t: Test, keys: { accessKey: string; secretKey: string }): Promise<Radosgw> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-test-rgw-'))
  const env = { ...process.env, RGW_ACCESS_KEY: keys.accessKey, RGW_SECRET_KEY: keys.secretKey }
  const child = spawn(script, [directory], { stdio: ['pipe', 'pipe', 'inherit'], env })
  const ended = once(child, 'exit')
  const [endpoint] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [unknown]
  if (typeof endpoint !== 'string') throw new Error('radosgw did not start: see above')
  const client = new S3Client({
    ...{ endpoint, region: 'us-east-1', forcePathStyle: true },
    credentials: { accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey },
  })
  const bucket = 'mftg-test'
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  const versioned = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } } as const
  await client.send(new PutBucketVersioningCommand(versioned))
  t.teardown(async () => {
    client.destroy()
    child.stdin.end()
    await ended
    await rm(directory, { recursive: true, force: true })
  })
  return { endpoint, bucket, ...keys, client }
}
