/** While the bucket is asked whether a name is free, as it could not be when that was given, anybody may change the file. */
import t, { type Test } from 'tap'
import { unreachable } from '../helpers/memory-store.js'
import { globex, never, path, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

interface Asked {
  readonly world: SenderWorld
  /** The bucket answers. */
  readonly answer: () => void
}

/** A file that was given in an outage, and about which a bucket is asked that does not answer. */
async function asked(t: Test): Promise<Asked> {
  const world = await senderWorld(t)
  let answer: () => void = () => undefined
  const answered = new Promise<void>((resolve) => (answer = resolve))
  let isOut = true
  let waits = 0
  world.store.intercept = ({ operation }) => {
    if (operation !== 'list') return undefined
    if (isOut) return { before: unreachable() }
    waits += 1
    return { hold: answered }
  }
  await world.write('x.edi', 'x')
  await until('an outage to be noticed', () => world.row('x.edi')?.error !== undefined)
  isOut = false
  await until('the bucket to be asked', () => waits > 0)
  t.match(world.row('x.edi'), { state: 'queued', waitsFor: undefined }, 'it is not told as being uploaded')
  return { world, answer }
}

t.test('renamed, it is sent under its last name, once', async (t) => {
  const { world, answer } = await asked(t)
  await world.sender.rename(globex, path('x.edi'), path('y.edi'), never())
  answer()
  await world.inState('y.edi', 'submitted')
  t.equal(world.puts('x.edi'), 0)
  t.equal(world.puts('y.edi'), 1)
})

t.test('removed, it is not sent', async (t) => {
  const { world, answer } = await asked(t)
  await world.sender.unlink(globex, path('x.edi'), never())
  answer()
  await world.write('marker.edi', 'm')
  await world.inState('marker.edi', 'submitted')
  t.equal(world.puts('x.edi'), 0)
})

t.test('written again, it is sent as it is then, once', async (t) => {
  const { world, answer } = await asked(t)
  const file = await world.sender.open(globex, path('x.edi'), { write: true, truncate: true }, never())
  await file.write(Buffer.from('second'), 0, never())
  answer()
  await world.write('marker.edi', 'm')
  await world.inState('marker.edi', 'submitted')
  t.equal(world.puts('x.edi'), 0, 'not while it is open')
  await file.flush({ closed: async () => ({ isLast: true, killedBy: undefined }) }, never())
  await file.release()
  await world.inState('x.edi', 'submitted')
  t.equal(world.puts('x.edi'), 1)
  t.equal(String(world.store.bytes('AS2/send/ACME/GLOBEX/x.edi')), 'second')
})

t.test('held by a lock that comes meanwhile, it waits for the end of that', async (t) => {
  const { world, answer } = await asked(t)
  await world.write('x.edi.lock', '')
  answer()
  await world.write('marker.edi', 'm')
  await world.inState('marker.edi', 'submitted')
  t.match(world.row('x.edi'), { state: 'held', reason: 'lock' })
  await world.sender.unlink(globex, path('x.edi.lock'), never())
  await world.inState('x.edi', 'submitted')
  t.equal(world.puts('x.edi'), 1)
})
