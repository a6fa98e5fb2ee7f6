/** A mount on a real S3, Ceph's RADOS Gateway, with a versioned bucket: what is sent twice can't hide there. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, credentials, mount, type Mounted } from '../helpers/mounted.js'
import { startRadosgw, withoutRadosgw } from '../helpers/radosgw.js'
import { mdnText } from '../helpers/receipts-world.js'
import { sh } from '../helpers/run.js'
import { inState, taken } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const files = 'AS2/files/ACME/GLOBEX'
const objects: Readonly<Record<string, Buffer>> = {
  [`${files}/inbox/720784109397786/order.edi`]: Buffer.from('ISA*00*'),
  [`${files}/inbox/720784109397787/Größe 100%+ 🚚.edi`]: Buffer.from('UNB+UNOC'),
  [`${files}/inbox/720784109397788/../up.edi`]: Buffer.from('up'),
  [`${files}/inbox/720784109397789/large.bin`]: Buffer.alloc(9_000_001, 'large'),
}

/** The bucket, past the mount. */
class Bucket {
  readonly #client: S3Client
  readonly #bucket: string

  constructor({ client, bucket }: { readonly client: S3Client; readonly bucket: string }) {
    this.#client = client
    this.#bucket = bucket
  }

  async put(key: string, content: Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: content }))
  }

  async get(key: string): Promise<Buffer> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }))
  }

  /** How often each key below a prefix was put. */
  async versions(prefix: string): Promise<Record<string, number>> {
    const { Versions } = await this.#client.send(
      new ListObjectVersionsCommand({ Bucket: this.#bucket, Prefix: prefix }),
    )
    const counts: Record<string, number> = {}
    for (const { Key = '' } of Versions ?? []) counts[Key] = (counts[Key] ?? 0) + 1
    return counts
  }
}

t.test('on radosgw', { skip: withoutRadosgw() }, async (t) => {
  const server = await startRadosgw(t, credentials)
  const bucket = new Bucket(server)
  for (const [key, content] of Object.entries(objects)) await bucket.put(key, content)
  const flags = ['--multipart-threshold', '6MiB', '--list-ttl', '1s']
  const mounted = await mount(t, { endpoint: server.endpoint, flags })
  await t.test('what came is listed and read', async (t) => testReading(t, mounted, bucket))
  await t.test('names that look encoded are what they are', async (t) => testNames(t, mounted, bucket))
  await t.test('what is taken in new/ stays in the bucket', async (t) => testTaking(t, mounted, bucket))
  await t.test('of many partners all is seen, listed together', async (t) => testManyPartners(t, mounted, bucket))
  await t.test('what became of what was sent is told by its receipt', async (t) => testDelivery(t, mounted, bucket))
  await t.test('what programs write is sent once, byte for byte', async (t) => testSending(t, mounted, bucket))
  await t.test('killed while files wait, the next mount sends them, once', async (t) => testKill(t, mounted, bucket))
})

/** Ceph tells the prefix of a listing as it is, and keys encoded. */
async function testNames(t: Test, mounted: Mounted, bucket: Bucket): Promise<void> {
  const pair = 'A+B %41/C%2BD+'
  await bucket.put(`AS2/files/${pair}/inbox/7/order.edi`, Buffer.from('ISA'))
  const inbox = mounted.path(`${pair}/inbox`)
  await until('the message to be shown', async () => (await readdir(inbox).catch(() => [])).join() === '7')
  t.equal(await readFile(join(inbox, '7/order.edi'), 'utf8'), 'ISA')
  const send = mounted.path(`${pair}/send`)
  await writeFile(join(send, 'a+b %41.edi'), 'sent')
  const key = `AS2/send/${pair}/a+b %41.edi`
  await until('it to be in the bucket', async () => (await bucket.versions(key))[key] === 1)
  t.same(await readdir(send), ['a+b %41.edi'])
  await bucket.delete(key)
  await until('it to be taken', async () => (await readdir(send)).length === 0)
}

async function testReading(t: Test, mounted: Mounted, bucket: Bucket): Promise<void> {
  const inbox = mounted.path('ACME/GLOBEX/inbox')
  const shown = (await sh(`cd ${inbox} && find . -type f -printf '%s %p\\n'`)).trim().split('\n').sort()
  t.same(shown, [
    '2 ./720784109397788/%2E%2E/up.edi',
    '7 ./720784109397786/order.edi',
    '8 ./720784109397787/Größe 100%+ 🚚.edi',
    '9000001 ./720784109397789/large.bin',
  ])
  t.equal(await readFile(join(inbox, '720784109397788/%2E%2E/up.edi'), 'utf8'), 'up')
  t.equal(await readFile(join(inbox, '720784109397787/Größe 100%+ 🚚.edi'), 'utf8'), 'UNB+UNOC')
  const large = await sh(`sha256sum < ${join(inbox, '720784109397789/large.bin')}`)
  t.match(large, createHash('sha256').update(Buffer.alloc(9_000_001, 'large')).digest('hex'))
  await t.rejects(stat(join(inbox, 'nothing')), { code: 'ENOENT' })
  await bucket.put(`${files}/inbox/720784109397790/new.edi`, Buffer.from('new'))
  await until('the new message', async () => (await readdir(inbox)).includes('720784109397790'))
  await bucket.delete(`${files}/inbox/720784109397790/new.edi`)
  await until('its end', async () => !(await readdir(inbox)).includes('720784109397790'))
}

async function testTaking(t: Test, mounted: Mounted, bucket: Bucket): Promise<void> {
  const path = (name: string) => mounted.path('ACME/GLOBEX/new', name)
  const key = (name: string) => `${files}/inbox/720784109397786/${name}`
  t.same((await readdir(path(''))).sort(), [
    '720784109397786_order.edi',
    '720784109397787_Größe 100%+ 🚚.edi',
    '720784109397788_%2E%2E_up.edi',
    '720784109397789_large.bin',
  ])
  await mkdir(path('.done'))
  await rename(path('720784109397787_Größe 100%+ 🚚.edi'), path('.done/großer 🚚.edi'))
  t.equal(await readFile(path('.done/großer 🚚.edi'), 'utf8'), 'UNB+UNOC')
  for (const it of ['720784109397786_order.edi', '.done/großer 🚚.edi']) await unlink(path(it))
  await bucket.put(key('late.edi'), Buffer.from('late'))
  await until('it to be new', async () => (await readdir(path(''))).includes('720784109397786_late.edi'))
  t.same(await readdir(path('.done')), [])
  t.same(
    await bucket.versions(key('')),
    { [key('order.edi')]: 1, [key('late.edi')]: 1 },
    'nothing was deleted or copied',
  )
}

async function testManyPartners(t: Test, mounted: Mounted, bucket: Bucket): Promise<void> {
  const key = (partner: number, message: number): string =>
    `AS2/files/CROWD/P${partner} ${'é'.repeat(partner % 3)}/inbox/${720_784_109_390_000 + message}/order.edi`
  const partners = Array.from({ length: 20 }, (_, n) => n)
  for (const partner of partners) await bucket.put(key(partner, partner), Buffer.from('UNB'))
  const count = async (): Promise<number> =>
    Number(await sh(`ls ${mounted.path('CROWD')}/*/inbox | grep -c '^[0-9]*$'`))
  // Between two partners there is an empty line.
  const lines = (messages: number): number => messages + partners.length - 1
  await until('all to be seen', async () => (await count()) === lines(20))
  for (const partner of [3, 11]) await bucket.put(key(partner, 100), Buffer.from('UNB'))
  await until('what came since to be seen', async () => (await count()) === lines(22))
  await bucket.delete(key(5, 5))
  await until('what was deleted to be gone', async () => (await count()) === lines(21))
  t.same(await readdir(mounted.path('CROWD', 'P5 éé', 'inbox')), [])
}

async function testDelivery(t: Test, mounted: Mounted, bucket: Bucket): Promise<void> {
  const message = '720784109397799'
  await bucket.put(`AS2/files/ACME/INITECH/outbox/${message}/out.edi`, Buffer.from('ISA*refused'))
  const disposition = 'processed/error: decryption-failed'
  const receipt = mdnText({ id: `<${message}.as2@mftgateway.com>`, disposition })
  await bucket.put('AS2/raw-mdn/incoming/flat-1', Buffer.from(receipt))
  const refused = mounted.path('ACME/INITECH/delivery/refused', `${message}_out.edi`)
  await until(
    'it to be told as refused',
    async () => (await readFile(refused).catch(() => undefined))?.toString() === 'ISA*refused',
  )
  const told = await sh(`${as2fs} deliveries ${mounted.mountpoint} --json`)
  t.match(told, message)
  const events = await sh(`${as2fs} events ${mounted.mountpoint} --json --since 1h`)
  t.match(events, /"event":"refused"/)
}

async function testSending(t: Test, mounted: Mounted, bucket: Bucket): Promise<void> {
  const [send, own] = [mounted.path('ACME/GLOBEX/send'), mounted.directory]
  const large = Buffer.alloc(16_000_001, 'parts')
  await writeFile(join(own, 'copied.edi'), 'copied')
  await writeFile(join(own, 'moved 100%+🚚.edi'), 'moved')
  await writeFile(join(own, 'synced.edi'), 'synced')
  await writeFile(join(own, 'large.bin'), large)
  await sh(`cp copied.edi ${send}/ && mv moved* ${send}/ && rsync -a synced.edi ${send}/ && cp large.bin ${send}/`, {
    cwd: own,
  })
  const sent: Readonly<Record<string, Buffer>> = {
    'copied.edi': Buffer.from('copied'),
    'moved 100%+🚚.edi': Buffer.from('moved'),
    'synced.edi': Buffer.from('synced'),
    'large.bin': large,
  }
  const prefix = 'AS2/send/ACME/GLOBEX/'
  for (const [name, content] of Object.entries(sent)) {
    await inState(mounted, name, 'submitted')
    t.ok((await bucket.get(prefix + name)).equals(content), name)
  }
  const once = Object.fromEntries(Object.keys(sent).map((name) => [prefix + name, 1]))
  t.same(await bucket.versions(prefix), once)
  for (const name of Object.keys(sent)) await bucket.delete(prefix + name)
  for (const name of Object.keys(sent)) await taken(mounted, name)
  t.same(await readdir(send), [])
}

async function testKill(t: Test, mounted: Mounted, bucket: Bucket): Promise<void> {
  const names = Array.from({ length: 20 }, (_, i) => `waiting-${i}.edi`)
  for (const name of names) await writeFile(mounted.path('ACME/GLOBEX/send', name), name)
  // The kernel tells of the last close a moment after close(2) has returned.
  await until('all in the queue', async () =>
    (await mounted.queue()).rows.every(({ state, path }) => state !== 'open' || !names.includes(path)),
  )
  await mounted.kill('SIGKILL')
  await mounted.mount()
  for (const name of names) {
    await inState(mounted, name, 'submitted')
    t.equal((await bucket.get(`AS2/send/ACME/GLOBEX/${name}`)).toString(), name)
  }
  const counts = await bucket.versions('AS2/send/ACME/GLOBEX/waiting-')
  t.same(
    Object.values(counts),
    Array.from(names, () => 1),
  )
}
