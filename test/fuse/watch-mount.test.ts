import t from 'tap'
import { watchMount } from '../../src/fuse/watch-mount.js'
import { silentLogger } from '../../src/telemetry/log.js'

t.test('the watch of a mount goes on when what is mounted could not be read for a while', async (t) => {
  const answers: (() => Promise<string | undefined>)[] = [
    () => Promise.resolve('/mnt'),
    () => Promise.reject(new Error('EMFILE: too many open files')),
    () => Promise.resolve('/moved'),
    () => Promise.reject(new Error('EMFILE: too many open files')),
    () => Promise.resolve(undefined),
  ]
  let looks = 0
  const look = (): Promise<string | undefined> => (answers[looks++] ?? (() => Promise.resolve(undefined)))()
  await watchMount('/mnt', AbortSignal.abort(), silentLogger(), look)
  t.equal(looks, answers.length)
})
