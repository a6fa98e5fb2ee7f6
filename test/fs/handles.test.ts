/** Handles: each is one open file's, until that is released. */
import t from 'tap'
import { readOnly } from '../../src/fs/file-description.js'
import { HandleTable } from '../../src/fs/handles.js'

const file = () => readOnly(async () => new Uint8Array())

t.test('a handle is what was opened, from 1 on, until it is taken out', async (t) => {
  const table = new HandleTable()
  const [one, other] = [file(), file()]
  t.same([table.add(one, 'send'), table.add(other, 'object')], [1, 2])
  t.match(table.counts, { send: 1, object: 1, new: 0 })
  t.equal(table.get(1), one)
  t.equal(table.take(1), one)
  t.throws(() => table.get(1), { code: 'EBADF' })
  t.equal(table.take(1), undefined)
  t.match(table.counts, { send: 0, object: 1 })
  t.equal(table.get(2), other)
})

t.test('a handle is given again only when nobody has it, and late', async (t) => {
  const table = new HandleTable(4)
  const handles = [1, 2, 3].map(() => table.add(file(), 'object'))
  t.same(handles, [1, 2, 3])
  table.take(1)
  t.equal(table.add(file(), 'object'), 4)
  t.equal(table.add(file(), 'object'), 1)
  table.take(3)
  t.equal(table.add(file(), 'object'), 3)
})

t.test('what can only be read is not written, cut or lost', async (t) => {
  let isReleased = false
  const it = readOnly(
    async () => Buffer.from('x'),
    () => (isReleased = true),
  )
  const never = new AbortController().signal
  await t.rejects(it.write(Buffer.from('x'), 0, never), { code: 'EBADF' })
  await t.rejects(it.truncate(0, never), { code: 'EINVAL' })
  await it.flush({ closed: async () => ({ isLast: true, killedBy: undefined }) }, never)
  await it.fsync(never)
  t.notOk(isReleased)
  await it.release()
  t.ok(isReleased)
})
