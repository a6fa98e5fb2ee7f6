/** What has failed is judged by what stands beside it when somebody tries it again, as anything else is. */
import t, { type Test } from 'tap'
import { accessDenied, unreachable } from '../helpers/memory-store.js'
import { globex, path, senderWorld, type SenderWorld, never } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

/** One of whose files has failed; from now on the bucket takes all. */
async function failedWorld(t: Test, options: Parameters<typeof senderWorld>[1] = {}): Promise<SenderWorld> {
  const world = await senderWorld(t, options)
  let isDenied = true
  world.store.intercept = ({ operation }) => (operation === 'put' && isDenied ? { before: accessDenied() } : undefined)
  if (options.commit === 'trigger') await world.write('x.edi.ok', '')
  await world.write('x.edi', 'x')
  await world.inState('x.edi', 'failed')
  isDenied = false
  return world
}

const retry = (world: SenderWorld): Promise<void> => world.sender.retry(world.row('x.edi')!.id, never())
const remove = (world: SenderWorld, name: string): Promise<void> => world.sender.unlink(globex, path(name), never())

t.test('a lock that was made since it failed holds it, and is gone with it', async (t) => {
  const world = await failedWorld(t)
  await world.write('x.edi.lock', '')
  t.match(world.row('x.edi'), { state: 'failed' })
  await retry(world)
  t.match(world.row('x.edi'), { state: 'held', reason: 'lock' })
  t.equal(world.puts('x.edi'), 0)
  await remove(world, 'x.edi.lock')
  await world.inState('x.edi', 'submitted')
  t.equal(world.puts('x.edi'), 1)
})

t.test('one that was released by hand before it failed goes past it still', async (t) => {
  const world = await senderWorld(t)
  await world.write('x.edi.lock', '')
  await world.write('x.edi', 'x')
  world.store.intercept = ({ operation }) => (operation === 'put' ? { before: accessDenied() } : undefined)
  await world.sender.releaseHeld(world.row('x.edi')!.id, never())
  await world.inState('x.edi', 'failed')
  world.store.intercept = undefined
  await retry(world)
  await world.inState('x.edi', 'submitted')
})

t.test('its trigger lets it go again, unless that was removed', async (t) => {
  const world = await failedWorld(t, { commit: 'trigger' })
  await retry(world)
  await world.inState('x.edi', 'submitted')
  const other = await failedWorld(t, { commit: 'trigger' })
  await remove(other, 'x.edi.ok')
  await retry(other)
  t.match(other.row('x.edi'), { state: 'held', reason: 'untriggered' })
  await other.write('x.edi.ok', '')
  await other.inState('x.edi', 'submitted')
})

t.test('what may be in the bucket stays known while a lock holds it, and is looked for', async (t) => {
  const world = await senderWorld(t)
  // The bucket has taken it, who stands between says no, and nobody can look.
  let isPut = false
  world.store.intercept = ({ operation }) => {
    if (operation === 'put') {
      isPut = true
      return { after: accessDenied() }
    }
    return isPut ? { before: unreachable() } : undefined
  }
  await world.write('x.edi', 'x')
  await until('it to be refused', () => /AccessDenied/.test(world.row('x.edi')?.error ?? ''))
  t.equal(world.row('x.edi')?.state, 'queued', 'not failed before it was looked for')
  await world.write('x.edi.lock', '')
  t.match(world.row('x.edi'), { state: 'held', reason: 'lock' })
  world.store.intercept = undefined
  await remove(world, 'x.edi.lock')
  await world.inState('x.edi', 'submitted')
  t.equal(world.puts('x.edi'), 1, 'the first one')
})
