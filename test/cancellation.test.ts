/** Giving up a piece of work, as AbortController does it. */
import t from 'tap'
import { abortSignalOf, Cancellation, type CancelSignal } from '../src/cancellation.js'

interface Kind {
  readonly signal: CancelSignal
  readonly abort: (reason?: unknown) => void
}

const controlled = (): Kind => {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) }
}

const own = (): Kind => {
  const cancellation = new Cancellation()
  return { signal: cancellation, abort: (reason) => cancellation.abort(reason) }
}

/** All that was seen of one, in order. */
function seenOf({ signal, abort }: Kind): unknown[] {
  const seen: unknown[] = [signal.aborted, signal.reason]
  const [first, second, removed, late] = ['first', 'second', 'removed', 'late'].map((name) => () => {
    seen.push([name, signal.aborted, signal.reason])
  })
  if (!first || !second || !removed || !late) throw new Error('four are needed')
  signal.addEventListener('abort', first, { once: true })
  signal.addEventListener('abort', removed)
  signal.addEventListener('abort', second, { once: true })
  signal.addEventListener('abort', first, { once: true })
  signal.addEventListener('abort', () => signal.removeEventListener('abort', second))
  signal.removeEventListener('abort', removed)
  signal.removeEventListener('abort', late)
  abort('enough')
  abort('once more')
  signal.addEventListener('abort', late)
  abort('and again')
  return [...seen, signal.aborted, signal.reason]
}

t.test('it is seen as with an AbortController', async (t) => {
  t.same(seenOf(own()), seenOf(controlled()))
})

t.test('without a reason it is an AbortError', async (t) => {
  for (const { signal, abort } of [own(), controlled()]) {
    abort()
    t.match(signal.reason, { name: 'AbortError' })
  }
})

t.test('who is removed while others are called is not called any more', async (t) => {
  const seenBy = ({ signal, abort }: Kind): string[] => {
    const seen: string[] = []
    const second = (): void => void seen.push('second')
    signal.addEventListener('abort', () => {
      seen.push('first')
      signal.removeEventListener('abort', second)
    })
    signal.addEventListener('abort', second)
    abort()
    return seen
  }
  t.same(seenBy(own()), seenBy(controlled()))
})

t.test('an AbortSignal of it follows it, made before it or after', async (t) => {
  const cancellation = new Cancellation()
  const before = abortSignalOf(cancellation)
  t.equal(before.aborted, false)
  t.equal(abortSignalOf(cancellation), before, 'there is one')
  cancellation.abort('enough')
  t.same([before.aborted, before.reason], [true, 'enough'])
  const ended = new Cancellation()
  ended.abort('already')
  t.same([abortSignalOf(ended).aborted, abortSignalOf(ended).reason], [true, 'already'])
  const { signal } = new AbortController()
  t.equal(abortSignalOf(signal), signal)
})
