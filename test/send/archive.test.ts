import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { fitsArchive, zipOf } from '../../src/send/bundles/archive.js'
import type { Member } from '../../src/send/life/message.js'

const mtime = Date.UTC(2026, 10, 24, 10)
const member = (name: string, size = 3): Member => ({ id: name, name, size, mtime })
const content = ({ size }: Member): Readable => Readable.from([Buffer.alloc(size, 'x')])

t.test('the same files make the same bytes, in whatever order they come', async (t) => {
  const [a, b, c] = [member('a'), member('b/c'), member('ü')]
  const one = await buffer(zipOf([a, b, c], content))
  t.ok((await buffer(zipOf([c, a, b], content))).equals(one))
  t.notOk((await buffer(zipOf([a, b], content))).equals(one))
})

t.test('times that the format can’t hold make an archive all the same', async (t) => {
  for (const odd of [Date.UTC(1960, 0, 1), Date.UTC(2200, 0, 1)]) {
    t.ok((await buffer(zipOf([{ ...member('a'), mtime: odd }], content))).length > 0)
  }
})

t.test('a file that is not as long as it should be makes no archive', async (t) => {
  await t.rejects(buffer(zipOf([member('a', 4)], () => Readable.from([Buffer.from('abc')]))), /unexpected number/)
})

t.test('a file that can’t be read makes no archive', async (t) => {
  const broken = (): Readable =>
    new Readable({
      read() {
        this.destroy(new Error('EIO'))
      },
    })
  await t.rejects(buffer(zipOf([member('a')], broken)), { message: 'EIO' })
})

t.test('one file is open at a time, and none when nobody wants the archive any more', async (t) => {
  let open = 0
  const read = (): Readable => {
    open += 1
    t.equal(open, 1)
    const stream = Readable.from([Buffer.from('abc')])
    stream.on('close', () => (open -= 1))
    return stream
  }
  await buffer(
    zipOf(
      Array.from({ length: 20 }, (_, i) => member(`${i}`)),
      read,
    ),
  )
  t.equal(open, 0)
  const endless = new Readable({ read: (): void => void endless.push(Buffer.alloc(65_536)) })
  const zip = zipOf([member('big', 1e12)], () => endless)
  await new Promise((resolve) => zip.once('readable', resolve))
  zip.destroy()
  await new Promise((resolve) => endless.once('close', resolve))
  t.ok(endless.destroyed)
})

t.test('names that programs read in different ways are told', async (t) => {
  for (const name of ['a.edi', 'a/b.edi', 'ü.edi', 'a:b.edi', '..a'])
    t.ok(fitsArchive(name) || name === 'a:b.edi', name)
  for (const name of [String.raw`a\b.edi`, 'C:x.edi']) t.notOk(fitsArchive(name), name)
})
