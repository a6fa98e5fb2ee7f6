/** The model of reading against the real tree, on a bucket in memory and a played clock. AS2FS_SECONDS asks for more. */
import t from 'tap'
import { senderWorld } from '../helpers/sender-world.js'
import { holds, timeout } from './holds.js'
import { longScenarios, scenarios } from './read-actions.js'
import { run } from './read-model.js'

const { sender } = await senderWorld(t)

t.test('whatever others do to the bucket, and whatever becomes of it, what is shown was so', { timeout }, async (t) => {
  await holds(t, scenarios(50), (it) => run(it, sender), 20)
})

t.test('and so in a view of more than a page', { timeout }, async (t) => {
  await holds(t, longScenarios(30), (it) => run(it, sender), 1.5)
})
