/** A prefix below which a gateway keeps nothing: it is said what is there instead. */
import t from 'tap'
import { PrefixWatch, type EmptyRoot } from '../../src/daemon/prefix-watch.js'
import type { Prefix } from '../../src/units.js'
import { accessDenied, MemoryStore } from '../helpers/memory-store.js'
import { until } from '../helpers/until.js'

interface Played {
  readonly watch: PrefixWatch
  readonly warned: readonly string[]
  /** A minute. */
  readonly pass: () => void
}

function watching(store: MemoryStore, root: string, folders: readonly string[] | undefined = []): Played {
  const warned: string[] = []
  let now = 0
  const log = { warn: (sentence: unknown) => void warned.push(String(sentence)) }
  const options = { store, bucket: 'mftg', root: root as Prefix }
  const watch = new PrefixWatch(
    options,
    folders,
    { monotonic: () => now },
    log as ConstructorParameters<typeof PrefixWatch>[3],
  )
  return { watch, warned, pass: () => void (now += 60_000) }
}

async function found(store: MemoryStore, root: string): Promise<EmptyRoot> {
  const { watch, warned } = watching(store, root)
  const empty = await until('what is found', () => watch.empty)
  t.same(warned, [empty.sentence])
  return empty
}

function holding(...keys: readonly string[]): MemoryStore {
  const store = new MemoryStore()
  for (const key of keys) store.set(key, 'content')
  return store
}

t.test('a prefix that is another one is wrong, and the right one is named', async (t) => {
  const store = holding('AS2/files/ACME/GLOBEX/inbox/1/order.edi', 'logs/today')
  for (const root of ['as2/', 'AS2/files/', 'edi/AS2/']) {
    t.same(await found(store, root), {
      isWrong: true,
      sentence: `There is nothing of a gateway below ${root} in the bucket mftg, but below AS2/: give --prefix AS2/.`,
    })
  }
})

t.test('a bucket of other things, or of none, may be a gateway’s that has begun just now', async (t) => {
  t.same(await found(holding('logs/today', 'sftp/in/x'), 'AS2/'), {
    isWrong: false,
    sentence:
      'There is nothing of a gateway below AS2/ in the bucket mftg; it has logs/, sftp/: the gateway has put nothing there yet, or it is another one.',
  })
  t.match(await found(holding(), 'AS2/'), { isWrong: false, sentence: /it has nothing else either/ })
})

t.test('where the rest of the bucket may not be listed, the prefix is in doubt', async (t) => {
  const store = holding()
  store.intercept = () => ({ before: accessDenied() })
  t.match(await found(store, 'AS2/'), { isWrong: false, sentence: /is --prefix right\?$/ })
})

t.test('it is over when something is there, and nobody looks where all is well', async (t) => {
  const store = holding()
  const { watch, pass } = watching(store, 'AS2/')
  await until('what is found', () => watch.empty)
  store.set('AS2/files/ACME/GLOBEX/inbox/1/order.edi', 'content')
  pass()
  await until('the end', () => watch.empty === undefined)
  const calls = store.calls.length
  pass()
  t.equal(watch.empty, undefined)
  t.equal(store.calls.length, calls)
  t.equal(watching(holding(), 'AS2/', ['AS2/send/']).watch.empty, undefined)
  t.equal(watching(holding(), 'AS2/', undefined).watch.empty, undefined)
})
