/** Whatever fails or hangs at the end of a daemon, the rest of it is given back. */
import t from 'tap'
import { Owning } from '../../src/daemon/owning.js'
import { silentLogger } from '../../src/telemetry/log.js'

t.test('what was taken last is given back first, once', async (t) => {
  const owning = new Owning(silentLogger())
  const done: string[] = []
  for (const what of ['lock', 'queue', 'mount']) owning.add(what, () => void done.push(what))
  await owning.giveBackAll()
  await owning.giveBackAll()
  t.same(done, ['mount', 'queue', 'lock'])
  t.notOk(owning.isStuck)
})

t.test('a step that fails skips no other', async (t) => {
  const owning = new Owning(silentLogger())
  const done: string[] = []
  owning.add('lock', () => void done.push('lock'))
  owning.add('queue', () => Promise.reject(new Error('the disk fails')))
  owning.add('socket', () => {
    throw new RangeError('Maximum call stack size exceeded')
  })
  owning.add('mount', () => void done.push('mount'))
  await owning.giveBackAll()
  t.same(done, ['mount', 'lock'])
  t.notOk(owning.isStuck, 'they are over')
})

t.test('a step that hangs is not waited for, and said to hang', async (t) => {
  const owning = new Owning(silentLogger())
  const done: string[] = []
  owning.add('lock', () => void done.push('lock'))
  owning.add('queue', () => new Promise(() => undefined), 20)
  await owning.giveBackAll()
  t.same(done, ['lock'])
  t.ok(owning.isStuck)
})

t.test('a step on the way is taken with the same care', async (t) => {
  const owning = new Owning(silentLogger())
  await owning.attempt('uploading', () => Promise.reject(new Error('no')))
  t.notOk(owning.isStuck)
  await owning.attempt('uploading', () => new Promise(() => undefined), 20)
  t.ok(owning.isStuck)
})
