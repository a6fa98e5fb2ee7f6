/** The model of reading of many partners against the real tree, on a bucket in memory and a played clock. AS2FS_SECONDS asks for more. */
import t from 'tap'
import { senderWorld } from '../helpers/sender-world.js'
import { holds, timeout } from './holds.js'
import { manyScenarios, manyScenariosWithLarge } from './read-many-actions.js'
import { runMany, type Bound } from './read-many-model.js'

const { sender } = await senderWorld(t)

/** What a plan may cost beyond listing view by view. */
const spare = 2
const bound: Bound = ({ viewByView }) => viewByView + spare

t.test('of many partners all is shown as it is, at no more than view by view', { timeout }, async (t) => {
  await holds(t, manyScenarios, (it) => runMany(it, sender, bound), 4)
})

t.test('and so where some have more than a page', { timeout }, async (t) => {
  await holds(t, manyScenariosWithLarge, (it) => runMany(it, sender, bound), 1.5)
})
