/** What is said of a daemon that does not answer. */
import t from 'tap'
import { ask } from '../../src/cli/daemon-of.js'
import { NoAnswerError } from '../../src/control/socket.js'

const nowhere = {
  mountpoint: '/nowhere/at/all',
  isMounted: true,
  daemon: { pid: process.pid, stateDirectory: '/nowhere' },
}
const silent = () => Promise.reject(new NoAnswerError('the daemon does not answer'))

t.test('one that has ended since it was found is not one that is stuck', async (t) => {
  await t.rejects(ask(nowhere, silent), { message: '/nowhere/at/all is not mounted any more.' })
})

t.test('one that had no mount when it was found may be stuck', async (t) => {
  await t.rejects(ask({ ...nowhere, isMounted: false }, silent), {
    message: /does not answer: is it another user's, or stuck/,
  })
})
