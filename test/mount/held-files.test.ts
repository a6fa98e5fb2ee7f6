/** Objects that are read without JavaScript: small ones that were in memory when they were opened, and blocks of large ones. */
import { constants } from 'node:fs'
import { open, readdir, readFile, unlink, type FileHandle } from 'node:fs/promises'
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { Figures } from '../helpers/figures.js'
import { isMounted, mount } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const inbox = 'AS2/files/ACME/GLOBEX/inbox'
const MiB = 1024 * 1024
const content = randomBytes(100_000)
const other = randomBytes(60_001)
const large = randomBytes(48 * MiB)
const objects = {
  [`${inbox}/1/order.edi`]: content,
  [`${inbox}/2/order.edi`]: content,
  [`${inbox}/3/large.bin`]: large,
}
const mounted = await mount(t, { objects, flags: ['--list-ttl', '200ms'] })
const view = mounted.path('ACME/GLOBEX/inbox')

async function openHeld(path: string): Promise<FileHandle> {
  // The first time it comes into memory; past the page cache each read comes to the daemon.
  await readFile(path)
  const file = await open(path, constants.O_RDONLY | constants.O_DIRECT)
  t.teardown(() => file.close().catch(() => undefined))
  return file
}

/** Reads some of it, each time from somewhere else. @returns whether all of that is as expected */
async function readHereAndThere(file: FileHandle, expected: Buffer): Promise<boolean> {
  const buffer = Buffer.alloc(expected.length)
  for (let n = 0; n < 20; n += 1) {
    const position = (n * 37_813) % (expected.length + 5_000)
    const { bytesRead } = await file.read(buffer, 0, 1 + ((n * 9_173) % expected.length), position)
    const wanted = expected.subarray(position, position + 1 + ((n * 9_173) % expected.length))
    if (bytesRead !== wanted.length || !buffer.subarray(0, bytesRead).equals(wanted)) return false
  }
  return true
}

const untilClosed = (kind: string): Promise<unknown> =>
  until(
    'the close to be known',
    async () => (await Figures.at(mounted.mountpoint)).of('as2fs_open_files', { kind }) === 0,
  )
const answered = async (): Promise<number> => (await mounted.status()).calls?.answeredByBinding ?? 0

t.test(
  'a small one that is in memory is read without JavaScript, counted, and known to be closed in time',
  async (t) => {
    const file = await openHeld(`${view}/1/order.edi`)
    const [before, { cache }] = [await answered(), await mounted.status()]
    t.ok(await readHereAndThere(file, content))
    // A read beyond its end does not leave the kernel; what status says may be a moment old.
    await until('its reads to be counted', async () => (await answered()) - before >= 15)
    await file.close()
    await untilClosed('object')
    await until('hits to be counted', async () => (await mounted.status()).cache.hits - cache.hits >= 15)
  },
)

t.test('who has one open reads on what he has opened, whoever replaces it', async (t) => {
  const path = `${view}/1/order.edi`
  const [one, same] = [await openHeld(path), await openHeld(path)]
  mounted.server.put(`${inbox}/1/order.edi`, other)
  await until('the other version', async () => other.equals(await readFile(path).catch(() => content)))
  const two = await openHeld(path)
  const read = [readHereAndThere(one, content), readHereAndThere(same, content), readHereAndThere(two, other)]
  t.same(await Promise.all(read), [true, true, true])
  for (const file of [one, same, two]) await file.close()
})

t.test('one that is taken out of new/ while it is open is read to its end, and goes with its last close', async (t) => {
  const folder = mounted.path('ACME/GLOBEX/new')
  const name = (await readdir(folder)).find((it) => it.startsWith('2_')) ?? ''
  const file = await openHeld(`${folder}/${name}`)
  await unlink(`${folder}/${name}`)
  t.ok(await readHereAndThere(file, content))
  t.notOk((await readdir(folder)).includes(name))
  await file.close()
  await untilClosed('new')
})

t.test('a large one is read whole by two at a time while others are killed, mostly without JavaScript', async (t) => {
  const before = await answered()
  const path = `${view}/3/large.bin`
  const sum = createHash('md5').update(large).digest('hex')
  const script = `dd if=${path} iflag=direct bs=1M 2>/dev/null | md5sum & md5sum < ${path} &
    for i in 1 2 3; do timeout -s KILL 0.0$i cat ${path} > /dev/null; done; wait`
  t.equal(await sh(script), `${sum}  -\n`.repeat(2))
  await until('its reads to be counted', async () => (await answered()) - before > large.length / MiB)
  await untilClosed('object')
  const { used, budget } = (await mounted.status()).cache
  t.ok(used < budget / 2, `${used} bytes are kept`)
})

t.test('a large one that is replaced while it is read never goes on with other bytes', async (t) => {
  const file = await open(`${view}/3/large.bin`, constants.O_RDONLY | constants.O_DIRECT)
  const buffer = Buffer.alloc(MiB)
  let position = 0
  const isRead = async (): Promise<boolean> => {
    const { bytesRead } = await file.read(buffer, 0, MiB, position)
    t.ok(large.subarray(position, position + bytesRead).equals(buffer.subarray(0, bytesRead)))
    position += bytesRead
    return bytesRead > 0
  }
  while (position < 6 * MiB) await isRead()
  mounted.server.put(`${inbox}/3/large.bin`, randomBytes(large.length))
  await t.rejects(async () => {
    while (await isRead());
  }, /errno|Unknown system error|ESTALE/)
  t.ok(position < large.length)
  await file.close()
})

t.test('a mount that is ended by force while a large one is read ends its daemon well', async (t) => {
  const file = await open(`${view}/3/large.bin`, constants.O_RDONLY | constants.O_DIRECT)
  const reading = (async () => {
    const buffer = Buffer.alloc(MiB)
    for (let position = 0; ; position = (position + MiB) % large.length) await file.read(buffer, 0, MiB, position)
  })()
  const failure = t.rejects(reading)
  const before = await answered()
  await until('some of it to be read', async () => (await answered()) - before > 20)
  await run('umount', ['-f', mounted.mountpoint])
  await failure
  t.equal(await mounted.ended(), 0)
  t.notOk(await isMounted(mounted.mountpoint))
  await file.close().catch(() => undefined)
})
