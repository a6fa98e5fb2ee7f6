/** The model of reading against the real tree, on a bucket in memory and a played clock. AS2FS_SECONDS asks for more. */
import t from 'tap'
import { senderWorld } from '../helpers/sender-world.js'
import { holds, timeout } from './holds.js'
import { deliveryScenarios } from './read-delivery-actions.js'
import { runDeliveries } from './read-delivery-model.js'
import { found } from './read-found.js'
import { longScenarios, scenarios } from './read-actions.js'
import { run } from './read-model.js'
import { longNewScenarios, newScenarios } from './read-new-actions.js'
import { runNew } from './read-new-model.js'

const { sender } = await senderWorld(t)

for (const [what, scenario] of Object.entries(found)) {
  t.test(what, async (t) => t.same(await run(scenario, sender), []))
}

t.test('whatever others do to the bucket, and whatever becomes of it, what is shown was so', { timeout }, async (t) => {
  await holds(t, scenarios(50), (it) => run(it, sender), 20)
})

t.test('and so in a view of more than a page', { timeout }, async (t) => {
  await holds(t, longScenarios(30), (it) => run(it, sender), 1.5)
})

t.test(
  'what was taken in new/ never comes back, what was not is shown, and each keeps its name',
  { timeout },
  async (t) => {
    await holds(t, newScenarios(40), (it) => runNew(it, sender), 1.5)
  },
)

t.test('and so of an inbox of more than a page', { timeout }, async (t) => {
  await holds(t, longNewScenarios(20), (it) => runNew(it, sender), 0.05)
})

t.test('each message is in the folder that its receipts say, and that is told once', { timeout }, async (t) => {
  await holds(t, deliveryScenarios(40), (it) => runDeliveries(it, sender), 1)
})
