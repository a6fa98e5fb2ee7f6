/** Uploads in parts: whatever ends them, no part stays in the bucket. */
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { accessDenied, slowDown, unreachable, type StoreFault } from '../helpers/memory-store.js'
import { senderWorld, type SenderWorld, never } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const multipartThreshold = 1024 * 1024
/** Three parts. */
const content = randomBytes(20 * 1024 * 1024)
const key = 'AS2/send/ACME/GLOBEX/big.dat'

async function bigWorld(t: Test): Promise<SenderWorld> {
  return senderWorld(t, { multipartThreshold })
}

async function sentOnce(t: Test, world: SenderWorld): Promise<void> {
  await world.settled()
  t.match(world.row('big.dat'), { state: 'submitted' })
  t.equal(world.puts('big.dat'), 1)
  t.ok(world.store.bytes(key)?.equals(content), 'byte for byte')
  await until('no parts to be left', () => world.store.unfinished().length === 0)
}

const faultsOnce: Readonly<Record<string, readonly [operation: string, fault: StoreFault]>> = {
  'a part that is throttled': ['uploadPart', { before: slowDown() }],
  'a part whose answer is lost': ['uploadPart', { after: unreachable() }],
  'a lost answer to the beginning': ['createMultipart', { before: unreachable() }],
  'a completion that did not arrive': ['completeMultipart', { before: unreachable() }],
  'a completion that was throttled': ['completeMultipart', { before: slowDown() }],
  'a completion whose answer is lost': ['completeMultipart', { after: unreachable() }],
}
for (const [what, [operation, fault]] of Object.entries(faultsOnce)) {
  t.test(`${what} costs nothing but time`, async (t) => {
    const world = await bigWorld(t)
    let isFirst = true
    world.store.intercept = (call) => {
      if (call.operation !== operation || !isFirst) return undefined
      isFirst = false
      return fault
    }
    await world.write('big.dat', content)
    await sentOnce(t, world)
  })
}

t.test('a part that is refused: the file fails, and its parts are aborted', async (t) => {
  const world = await bigWorld(t)
  let parts = 0
  world.store.intercept = ({ operation }) =>
    operation === 'uploadPart' && ++parts === 2 ? { before: accessDenied() } : undefined
  await world.write('big.dat', content)
  const { id } = await world.inState('big.dat', 'failed')
  await until('no parts to be left', () => world.store.unfinished().length === 0)
  world.store.intercept = undefined
  await world.sender.retry(id, never())
  await sentOnce(t, world)
})

t.test('a failed one that is cancelled while the bucket can’t be reached: its parts are aborted later', async (t) => {
  const world = await bigWorld(t)
  let parts = 0
  world.store.intercept = ({ operation }) => {
    if (operation === 'abortMultipart') return { before: unreachable() }
    if (operation !== 'uploadPart' || ++parts !== 3) return undefined
    // Refused while nothing has arrived yet, it would end the others too, and leave nothing to abort.
    return { hold: until('a part', () => world.store.unfinished().length === 1), before: accessDenied() }
  }
  await world.write('big.dat', content)
  const { id } = await world.inState('big.dat', 'failed')
  await world.sender.cancel(id, never())
  t.equal(world.row('big.dat'), undefined)
  t.equal(world.store.unfinished().length, 1)
  world.store.intercept = undefined
  await world.restart()
  await until('no parts to be left', () => world.store.unfinished().length === 0)
  t.equal(world.puts('big.dat'), 0)
})

t.test('killed between parts, before the first, and at the completion', async (t) => {
  for (const [operation, count] of [
    ['createMultipart', 1],
    ['uploadPart', 1],
    ['uploadPart', 3],
    ['completeMultipart', 1],
  ] as const) {
    for (const when of ['before', 'after'] as const) {
      const world = await bigWorld(t)
      let calls = 0
      let reached: () => void = () => undefined
      const isThere = new Promise<void>((resolve) => (reached = resolve))
      world.store.intercept = (call) => {
        if (call.operation !== operation || ++calls !== count) return undefined
        setImmediate(reached)
        return when === 'before' ? { hold: new Promise(() => undefined) } : { after: unreachable() }
      }
      await world.write('big.dat', content)
      await isThere
      world.store.intercept = undefined
      await world.restart()
      await t.test(`${operation} ${count}, ${when}`, (t) => sentOnce(t, world))
    }
  }
})

t.test('on the way out the parts are aborted, and the next start sends it', async (t) => {
  const world = await bigWorld(t)
  world.store.intercept = ({ operation }) =>
    operation === 'uploadPart' ? { hold: new Promise(() => undefined) } : undefined
  await world.write('big.dat', content)
  await until('a part', () => world.store.count('uploadPart') > 0)
  await world.sender.close()
  t.same(world.store.unfinished(), [])
  world.store.intercept = undefined
  await world.restart()
  await sentOnce(t, world)
})
