/** Small files of which the journal has the content: when their own data gets to disk, and what is written down where the journal can't grow. */
import t from 'tap'
import { FsError } from '../../src/errors.js'
import type { MessageBook, Write } from '../../src/send/disk/book.js'
import { Settling } from '../../src/send/disk/settling.js'
import { KeptContents } from '../../src/send/life/contents.js'
import { OpenMessage } from '../../src/send/writing/open-message.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { idle } from '../helpers/played-clock.js'

const many = 'x'.repeat(1024 * 1024)

/** A spool whose disk does one thing after the other, as the test wants it. */
function world() {
  const asked: {
    readonly ids: readonly string[]
    readonly done: () => Promise<void>
    readonly fail: () => Promise<void>
  }[] = []
  const settle = (ids: readonly string[]) =>
    new Promise<number>((resolve, reject) => {
      const then = (end: () => void) => async (): Promise<void> => {
        end()
        await idle()
      }
      asked.push({ ids, done: then(() => resolve(0)), fail: then(() => reject(new Error('EIO'))) })
    })
  const contents = new KeptContents()
  const settling = new Settling({ spool: { contents, settle }, log: silentLogger() })
  const keep = (...ids: string[]): void => settling.note({ contents: Object.fromEntries(ids.map((id) => [id, many])) })
  return { asked, contents, settling, keep }
}

t.test('whoever writes a file again waits for what is being written once more of it', async (t) => {
  const { asked, contents, settling, keep } = world()
  keep('a', 'b', 'c')
  await idle()
  t.same(
    asked.map((it) => it.ids),
    [['a', 'b', 'c']],
    'in the background',
  )
  let isOnDisk = false
  const again = settling.of(['a']).then(() => (isOnDisk = true))
  await idle()
  t.equal(asked.length, 1)
  t.notOk(isOnDisk, 'else that would come behind what he writes')
  await asked[0]!.done()
  await asked[1]?.done()
  await again
  t.same(
    asked.map((it) => it.ids),
    [['a', 'b', 'c'], []],
    'and by then it is',
  )
  t.equal(contents.size, 0)
  await settling.close()
})

t.test('one that is closed once more meanwhile is kept', async (t) => {
  const { asked, contents, settling, keep } = world()
  keep('a')
  const done = settling.of(['a'])
  await idle()
  settling.note({ contents: { a: 'b25l' } })
  await asked[0]!.done()
  await done
  t.equal(contents.get('a'), 'b25l')
  await settling.close()
})

t.test('a disk that fails is not asked again by each that is closed', async (t) => {
  const { asked, contents, settling, keep } = world()
  keep('a', 'b', 'c')
  await idle()
  await asked[0]!.fail()
  for (const id of ['d', 'e', 'f']) keep(id)
  await idle()
  t.equal(asked.length, 1)
  t.same(contents.ids, ['a', 'b', 'c', 'd', 'e', 'f'], 'the journal has them')
  await settling.close()
})

t.test('where the journal has no room for a content, the file is synced, and a short line written', async (t) => {
  const written: object[] = []
  let syncs = 0
  const write: Write = (happenings, options) => {
    written.push(options)
    if (options.contents) return Promise.reject(new FsError('ENOSPC', 'It is full.'))
    return Promise.resolve(happenings.map(() => ({ state: 'open', isComplete: true })) as never)
  }
  const book = {
    hasRoomForContent: true,
    get: () => ({ state: 'open' }),
    exclusively: (_: unknown, act: (write: Write) => Promise<unknown>) => act(write),
  } as unknown as MessageBook
  const file = { size: 3, unsynced: Buffer.from('one'), sync: async () => void (syncs += 1) }
  t.equal(await new OpenMessage('a', book).flushed(file, () => true), true)
  t.equal(syncs, 1)
  t.same(written, [
    { by: 'write', sync: true, isNew: true, contents: { a: 'b25l' } },
    { by: 'write', sync: true },
  ])
})
