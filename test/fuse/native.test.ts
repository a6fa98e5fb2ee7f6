/** The binding's C under gcc's sanitizers, without Node, between a kernel and a JavaScript that are played: `scripts/check-native`. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { run } from '../helpers/run.js'

const script = fileURLToPath(new URL('../../../scripts/check-native', import.meta.url))

t.test(
  'scene by scene, and with calls of all kinds in any order, nothing is left behind and nothing mixed up',
  async (t) => {
    const { code, stdout, stderr } = await run(script, [])
    t.equal(code, 0, `${stdout}${stderr}`)
    const parts = ['scenes', 'odd-calls', 'absent-names', 'open-files', 'blocks', 'kept', 'notify', 'disk', 'callers']
    t.same(stdout.match(/^[\w-]+(?=: all well$)/gm), parts)
    t.equal(stdout.match(/things by each/g)?.length, 2, 'addresses, and threads')
  },
)
