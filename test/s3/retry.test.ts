import t from 'tap'
import { backoff, retried } from '../../src/s3/retry.js'
import { StoreError } from '../../src/s3/store-error.js'

t.test('waiting doubles, is spread, and has an end', async (t) => {
  const longest = [1, 2, 3, 4, 5, 6].map((tries) => backoff(tries, 100, 2_000, () => 1))
  t.same(longest, [100, 200, 400, 800, 1_600, 2_000])
  const shortest = [1, 2, 3, 4, 5, 6].map((tries) => backoff(tries, 100, 2_000, () => 0))
  t.same(shortest, [50, 100, 200, 400, 800, 1_000])
})

t.test('who waits to be told of a mistake is told at once, of what may pass only after some tries', async (t) => {
  const tries = async (s3Code: string, failsFast: boolean): Promise<number> => {
    let count = 0
    const fail = (): never => {
      count += 1
      throw new StoreError('EIO', 'transient', s3Code, 'It failed.')
    }
    await t.rejects(retried(async () => fail(), new AbortController().signal, { failsFast }))
    return count
  }
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EPROTO', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'HPE_INVALID_CONSTANT']) {
    t.equal(await tries(code, true), 1, code)
  }
  const [once, more, other] = await Promise.all([
    tries('ECONNREFUSED', true),
    tries('ECONNREFUSED', false),
    tries('ECONNRESET', true),
  ])
  t.equal(once, 1)
  t.ok(more > 1 && other > 1)
})

t.test('of a call that is ended in its second try, it is said why the first one failed', async (t) => {
  const controller = new AbortController()
  const late = new StoreError('ETIMEDOUT', 'transient', 'AbortError', 'late')
  const call = async (tries: number): Promise<never> => {
    if (tries === 1) throw new StoreError('EIO', 'transient', 'ECONNREFUSED', 'refused')
    controller.abort()
    throw late
  }
  await t.rejects(retried(call, controller.signal), { message: 'refused' })
  await t.rejects(
    retried(() => Promise.reject(late), controller.signal),
    { message: 'late' },
  )
  const absent = new StoreError('ENOENT', 'absent', 'NoSuchKey', 'absent')
  await t.rejects(
    retried(() => Promise.reject(absent), controller.signal),
    { message: 'absent' },
  )
})
