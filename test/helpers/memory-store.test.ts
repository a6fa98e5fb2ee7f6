/** What a test may do to the calls of its store; how it answers otherwise is in `test/s3/store-contract.test.ts`. */
import { Readable } from 'node:stream'
import t from 'tap'
import type { Key, Prefix } from '../../src/units.js'
import { accessDenied, keysRefused, MemoryStore, slowDown, unreachable } from './memory-store.js'

const key = 'AS2/send/ACME/GLOBEX/order.edi' as Key
const { signal } = new AbortController()
const put = (content: string) => ({ key, size: content.length, body: () => Readable.from([Buffer.from(content)]) })

t.test('a call that fails before has no effect', async (t) => {
  for (const before of [unreachable(), slowDown(), accessDenied(), keysRefused()]) {
    const store = new MemoryStore()
    store.intercept = () => ({ before })
    await t.rejects(store.put(put('ISA'), signal), { message: before.message, code: before.code })
    t.same(store.keys(), [])
  }
})

t.test('a call whose answer is lost has its effect', async (t) => {
  const store = new MemoryStore()
  store.intercept = ({ operation }) => (operation === 'put' ? { after: unreachable() } : undefined)
  await t.rejects(store.put(put('ISA'), signal), { code: 'EIO', message: /ECONNRESET/ })
  t.equal(store.bytes(key)?.toString(), 'ISA')
  t.match(await store.head(key, signal), { size: 3 })
  t.same(store.calls, [
    { operation: 'put', key },
    { operation: 'head', key },
  ])
})

t.test('a call that is held goes on when it is let go, or ends with its signal', async (t) => {
  const store = new MemoryStore()
  store.set(key, 'ISA')
  let letGo: () => void = () => undefined
  const held = new Promise<void>((resolve) => (letGo = resolve))
  store.intercept = () => ({ hold: held })
  const given = new AbortController()
  const late = store.list({ prefix: 'AS2/' as Prefix }, given.signal)
  const patient = store.list({ prefix: 'AS2/' as Prefix }, signal)
  given.abort()
  await t.rejects(late, { code: 'ETIMEDOUT' })
  letGo()
  t.match(await patient, { objects: [{ key, size: 3 }] })
  t.equal(store.count('list'), 2)
})
