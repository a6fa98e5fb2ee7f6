/** Marks are forgotten when all full listings of a while have lacked their files, and not before. */
import t from 'tap'
import { fileId, readId, type FileId } from '../../src/taking/file-id.js'
import { Forgetting } from '../../src/taking/forgetting.js'
import { Marks } from '../../src/taking/marks.js'

const id = (name: string): FileId => fileId({ key: name, etag: 'e', size: 1, mtime: 1 })

t.test('one that is missing for a while, and is there again, is not forgotten', async (t) => {
  const marks = new Marks()
  const forgetting = new Forgetting(100)
  for (const it of ['a', 'b', 'c']) marks.take(id(it))
  marks.name(id('d'), 'claimed')
  const look = (at: number, ...there: string[]) => {
    const ids = new Set(there.map(id))
    return forgetting.look(marks, at, (all, i) => ids.has(readId(all, i)))
  }
  t.same(look(0, 'a', 'b', 'c', 'd'), [])
  t.same(look(50, 'a', 'b'), [], 'missing for the first time')
  t.same(look(50), [], 'the same listing says nothing more')
  t.same(look(100, 'a', 'b', 'd'), [], 'one is there again')
  t.same(look(140, 'a', 'b'), [], 'not long enough')
  t.same(look(160, 'a', 'b'), [id('c')])
  marks.forget([id('c')])
  t.same(look(200, 'a', 'b'), [], 'the other is missing again since 160 only')
  t.same(look(270, 'a', 'b'), [id('d')])
})
