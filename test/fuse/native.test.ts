/** The compiled binding's C under gcc's sanitizers, between a kernel and a JavaScript that are played: `scripts/check-native`. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { run } from '../helpers/run.js'

const script = fileURLToPath(new URL('../../../scripts/check-native', import.meta.url))

t.test('calls of all kinds, answered in any order, leave nothing behind and mix nothing up', async (t) => {
  const { code, stdout, stderr } = await run(script, [])
  t.equal(code, 0, `${stdout}${stderr}`)
  t.equal(stdout.match(/things by each/g)?.length, 2, 'addresses, and threads')
})
