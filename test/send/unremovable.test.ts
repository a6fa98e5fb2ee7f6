/** Data in the spool that can't be removed: told, tried again, and never sent. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Removals } from '../../src/send/disk/removals.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { badDisk } from '../helpers/bad-disk.js'
import { globex, path, littleRoom, senderWorld, type SenderWorld, never } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const dataOf = (world: SenderWorld): string[] => readdirSync(join(world.directory, 'data'))

/** A log, and what was said in it as an error. */
function errorLog(): { log: ReturnType<typeof silentLogger>; errors: string[] } {
  const errors: string[] = []
  const log = silentLogger()
  log.error = (...args: unknown[]) => void errors.push(String(args.at(-1)))
  return { log, errors }
}

t.test('a file that was sent and can’t be removed is told of, and not sent again by any later start', async (t) => {
  const disk = await badDisk(t)
  const { log, errors } = errorLog()
  const world = await senderWorld(t, { log, room: littleRoom })
  disk.fail(['unlink'], 'EPERM', '/data/')
  await world.write('order.edi', 'order')
  await world.inState('order.edi', 'submitted')
  await until('it to be told', () => errors.length > 0)
  t.match(errors[0], /can't be removed from the spool \(EPERM\)/)
  world.take('order.edi')
  await until('that to be known', () => world.row('order.edi') === undefined)
  // The second one knows of it by the journal that the first one has made.
  for (const start of ['first', 'second']) {
    await world.restart()
    await world.settled()
    t.equal(dataOf(world).length, 1, `it is there at the ${start} start`)
  }
  t.equal(errors.length, 3, 'each start tells of it')
  t.notOk(
    errors.some((it) => it.includes('does not know')),
    'whose it is, is known',
  )
  disk.heal()
  await world.restart()
  t.strictSame(dataOf(world), [])
  t.equal(world.puts('order.edi'), 1)
})

t.test('the same of one that was cancelled', async (t) => {
  const disk = await badDisk(t)
  const world = await senderWorld(t, { settle: 3_600_000, room: littleRoom })
  await world.write('order.edi', 'order')
  disk.fail(['unlink'], 'EPERM', '/data/')
  await world.sender.unlink(globex, path('order.edi'), never())
  t.equal(world.row('order.edi'), undefined)
  await world.restart()
  await world.restart()
  t.equal(dataOf(world).length, 1)
  t.strictSame(world.sender.allRows(), [])
  t.equal(world.store.count('put'), 0)
})

t.test('what can’t be removed is tried again, told once, and left alone once it is needed again', async (t) => {
  const disk = await badDisk(t)
  const { log, errors } = errorLog()
  const directory = t.testdir({ one: '', two: '' })
  const removals = new Removals({ pathOf: (id) => join(directory, id), log, againAfter: 5 })
  t.teardown(() => removals.close())
  disk.fail(['unlink'], 'EPERM', directory)
  await removals.remove('one')
  await removals.remove('two')
  await removals.remove('two')
  const { failures } = disk
  await until('it to be tried again', () => disk.failures > failures)
  t.equal(errors.length, 2, 'told once of each')
  await removals.keep('two')
  t.notOk(removals.isLeft('two'))
  disk.heal()
  await until('one to be gone', () => !removals.isLeft('one'))
  t.strictSame(readdirSync(directory), ['two'])
})

t.test('what is not there is removed', async (t) => {
  const { log, errors } = errorLog()
  await new Removals({ pathOf: (id) => join(t.testdir(), id), log }).remove('none')
  t.strictSame(errors, [])
})
