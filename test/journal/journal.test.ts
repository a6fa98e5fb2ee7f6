/** The journal on a disk that takes its time, and on one that fails: who is told what, and what is found afterwards. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { diskCalls, SyncError } from '../../src/journal/disk-calls.js'
import { Journal } from '../../src/journal/journal.js'
import { parseJournal } from '../../src/journal/lines.js'

interface Entry {
  readonly text: string
}
const entry = (text: string): Entry => ({ text })
const durable = { sync: true } as const
const found = (directory: string) => parseJournal<Entry>(readFileSync(join(directory, 'journal'), 'utf8'))

/** Each write as it was asked for, with what is to become of it. */
function watched(t: Test): { readonly writes: string[]; next: (() => Promise<void> | void) | undefined } {
  const original = { ...diskCalls }
  const watch: ReturnType<typeof watched> = { writes: [], next: undefined }
  diskCalls.write = async (file, bytes, position, sync) => {
    watch.writes.push(
      `${Buffer.from(bytes).toString().replace(/\0+$/, '').split('\n').length - 1} ${sync ? 'synced' : ''}`.trim(),
    )
    const { next } = watch
    watch.next = undefined
    await original.write(file, bytes, position, sync)
    await next?.()
  }
  t.teardown(() => Object.assign(diskCalls, original))
  return watch
}

t.test('all that come while others are written go together, and share one sync', async (t) => {
  const directory = t.testdir({})
  const journal = await Journal.begin<Entry>(directory, [])
  const watch = watched(t)
  const all = ['a', 'b', 'c', 'd'].map((it, i) => journal.append(entry(it), { sync: i === 2 }))
  await Promise.all(all)
  await journal.append(entry('e'), { sync: false })
  t.same(watch.writes, ['4 synced', '1'])
  t.same(
    found(directory).entries.map((it) => it.text),
    ['a', 'b', 'c', 'd', 'e'],
  )
  t.equal(await journal.synced(), 5)
  await journal.close()
})

t.test('a write that fails is told to all in it, and leaves nothing that a later start would read', async (t) => {
  const directory = t.testdir({})
  const journal = await Journal.begin<Entry>(directory, [entry('first')])
  const watch = watched(t)
  // All of it is there, though the disk says that it failed: the worst that it may leave.
  watch.next = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
  const refused = ['long '.repeat(50), 'second', 'third'].map((it) => t.rejects(journal.append(entry(it), durable)))
  await Promise.all(refused)
  await journal.append(entry('x'), durable)
  const { entries, isDoubtful } = found(directory)
  t.same(
    entries.map((it) => it.text),
    ['first', 'x'],
  )
  t.notOk(isDoubtful)
  await journal.close()
})

t.test('a sync that fails is told to who wanted it: what is written stays', async (t) => {
  const directory = t.testdir({})
  const journal = await Journal.begin<Entry>(directory, [], { isNumbered: true })
  const watch = watched(t)
  watch.next = () => Promise.reject(new SyncError(Object.assign(new Error('EIO'), { code: 'EIO' })))
  const written = journal.append(entry('written'), { sync: false })
  await t.rejects(journal.append(entry('synced'), durable), { code: 'EIO' })
  await t.resolves(written)
  await journal.append(entry('next'), durable)
  const { entries, isDoubtful } = found(directory)
  t.same(
    entries.map((it) => it.text),
    ['written', 'synced', 'next'],
  )
  t.notOk(isDoubtful, 'each has its number')
  await journal.close()
})

t.test('one that was deleted takes nothing that is to last', async (t) => {
  const directory = t.testdir({})
  const journal = await Journal.begin<Entry>(directory, [])
  t.testdir({ other: '' })
  await t.rejects(journal.append(entry('a'), durable), /deleted/)
  await journal.close()
})

t.test('what comes while it is made anew is in the new one, after what that holds', async (t) => {
  const directory = t.testdir({})
  const journal = await Journal.begin<Entry>(directory, [])
  await Promise.all([
    journal.append(entry('before'), durable),
    journal.compact(() => [entry('all')]),
    journal.append(entry('after'), durable),
  ])
  t.same(
    found(directory).entries.map((it) => it.text),
    ['all', 'after'],
  )
  await journal.close()
})

const patient = { sync: false, isPatient: true } as const

t.test('what nobody waits for goes with what comes next, before it, and else by itself', async (t) => {
  const directory = t.testdir({})
  const journal = await Journal.begin<Entry>(directory, [])
  const watch = watched(t)
  await Promise.all([
    journal.append(entry('a'), patient),
    journal.append(entry('b'), patient),
    journal.append(entry('c'), durable),
    journal.append(entry('d'), patient),
  ])
  await journal.append(entry('e'), patient)
  t.same(watch.writes, ['4 synced', '1'])
  t.same(
    found(directory).entries.map((it) => it.text),
    ['a', 'b', 'c', 'd', 'e'],
  )
  await journal.close()
})

t.test('somebody waits for it after all: it is written at once', async (t) => {
  const directory = t.testdir({})
  const journal = await Journal.begin<Entry>(directory, [])
  const watch = watched(t)
  const first = journal.append(entry('a'), patient)
  journal.hurry()
  await setImmediate()
  await Promise.all([first, journal.append(entry('b'), { sync: false })])
  t.same(watch.writes, ['1', '1'])
  journal.hurry()
  await setImmediate()
  t.equal(watch.writes.length, 2, 'there is nothing to be hurried')
  await journal.close()
})

t.test('what is made anew, or closed, lacks nothing that nobody waited for', async (t) => {
  const directory = t.testdir({})
  const journal = await Journal.begin<Entry>(directory, [])
  const seen: string[] = []
  const before = journal.append(entry('before'), patient).then(() => seen.push('before'))
  await journal.compact(() => {
    return [...seen, 'all'].map(entry)
  })
  const last = journal.append(entry('last'), patient)
  await journal.close()
  await Promise.all([before, last])
  t.same(
    found(directory).entries.map((it) => it.text),
    ['before', 'all', 'last'],
  )
})
