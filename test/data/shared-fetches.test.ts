/** One fetch for all who want the same, and what its end means to each. */
import t from 'tap'
import type { CancelSignal } from '../../src/cancellation.js'
import { SharedFetches } from '../../src/data/shared-fetches.js'

const never = new AbortController().signal

/** A fetch that a test ends when it likes. */
class Controlled {
  signals: CancelSignal[] = []
  resolve: (value: string) => void = () => undefined
  reject: (error: Error) => void = () => undefined
  readonly start = (signal: CancelSignal): Promise<string> => {
    this.signals.push(signal)
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      signal.addEventListener('abort', () => reject(new Error('given up')))
    })
  }
}

t.test('all who ask while it is under way get the one answer', async (t) => {
  const fetches = new SharedFetches<string>(60_000)
  const fetch = new Controlled()
  const all = [1, 2, 3].map(() => fetches.get('a', never, fetch.start))
  t.ok(fetches.has('a'))
  fetch.resolve('bytes')
  t.same(await Promise.all(all), ['bytes', 'bytes', 'bytes'])
  t.equal(fetch.signals.length, 1)
  t.notOk(fetches.has('a'))
})

t.test('all hear of its failure, and the next one tries again', async (t) => {
  const fetches = new SharedFetches<string>(60_000)
  const fetch = new Controlled()
  const both = [fetches.get('a', never, fetch.start), fetches.get('a', never, fetch.start)]
  fetch.reject(new Error('reset'))
  for (const it of both) await t.rejects(it, { message: 'reset' })
  const next = fetches.get('a', never, fetch.start)
  fetch.resolve('bytes')
  t.equal(await next, 'bytes')
})

t.test('one who gives up leaves it to the others', async (t) => {
  const fetches = new SharedFetches<string>(60_000)
  const fetch = new Controlled()
  const impatient = new AbortController()
  const given = fetches.get('a', impatient.signal, fetch.start)
  const patient = fetches.get('a', never, fetch.start)
  impatient.abort()
  await t.rejects(given, { code: 'ETIMEDOUT' })
  t.notOk(fetch.signals[0]?.aborted)
  fetch.resolve('bytes')
  t.equal(await patient, 'bytes')
})

t.test('when the last one gives up it ends, and whoever comes then begins anew', async (t) => {
  const fetches = new SharedFetches<string>(60_000)
  const fetch = new Controlled()
  const impatient = new AbortController()
  const both = [1, 2].map(() => fetches.get('a', impatient.signal, fetch.start))
  impatient.abort()
  for (const it of both) await t.rejects(it, { code: 'ETIMEDOUT' })
  t.ok(fetch.signals[0]?.aborted)
  const next = fetches.get('a', never, fetch.start)
  t.equal(fetch.signals.length, 2)
  fetch.resolve('bytes')
  t.equal(await next, 'bytes')
})

t.test('it ends at its own deadline, however patient those are who wait', async (t) => {
  const fetches = new SharedFetches<string>(30)
  const fetch = new Controlled()
  await t.rejects(fetches.get('a', never, fetch.start), { message: 'given up' })
  t.notOk(fetches.has('a'))
})

t.test('whoever has given up before it began is told so', async (t) => {
  const fetches = new SharedFetches<string>(60_000)
  const fetch = new Controlled()
  await t.rejects(fetches.get('a', AbortSignal.abort(), fetch.start), { code: 'ETIMEDOUT' })
  t.notOk(fetches.has('a'))
})
