/** Names are looked up once for all who wait, and a resolver that is silent holds nobody up who was told before. */
import type { LookupAddress } from 'node:dns'
import t from 'tap'
import { SharedLookup } from '../../src/s3/shared-lookup.js'
import { until } from '../helpers/until.js'

const any = { family: 0, hints: 0 }
const here: readonly LookupAddress[] = [{ address: '192.0.2.1', family: 4 }]
const failure = (code: string): Error => Object.assign(new Error(code), { code })

/** A resolver that answers when a test says so, and a clock that it sets forward. */
function world() {
  const passed = { ms: 0 }
  const asked: { readonly name: string; answer(found: readonly LookupAddress[]): void; fail(error: Error): void }[] = []
  const lookup = new SharedLookup(
    { monotonic: () => performance.now() + passed.ms },
    (name) => new Promise((answer, fail) => asked.push({ name, answer, fail })),
  )
  const known = async (): Promise<void> => {
    const found = lookup.addresses('s3.example', any)
    asked.shift()!.answer(here)
    await found
  }
  return { lookup, asked, passed, known }
}

t.test('one look-up at a time, however many wait for it', async (t) => {
  const { lookup, asked } = world()
  const all = Array.from({ length: 50 }, () => lookup.addresses('s3.example', any))
  const other = lookup.addresses('sts.example', any)
  t.same(
    asked.map((it) => it.name),
    ['s3.example', 'sts.example'],
  )
  for (const it of asked) it.answer(here)
  for (const found of await Promise.all([...all, other])) t.same(found, here)
})

t.test('what failed is not asked again at once, and then it is', async (t) => {
  const { lookup, asked, passed } = world()
  const first = lookup.addresses('s3.example', any)
  asked[0]!.fail(failure('EAI_AGAIN'))
  await t.rejects(first, { code: 'EAI_AGAIN' })
  await t.rejects(lookup.addresses('s3.example', any), { code: 'EAI_AGAIN' })
  t.equal(asked.length, 1)
  passed.ms += 1_100
  const second = lookup.addresses('s3.example', any)
  asked[1]!.answer(here)
  t.same(await second, here)
})

t.test('while the resolver is silent, what it said last is gone by for some minutes', async (t) => {
  const { lookup, asked, passed, known } = world()
  await known()
  t.same(await lookup.addresses('s3.example', any), here)
  t.equal(asked.length, 1, 'it is asked all the same')
  const before = performance.now()
  passed.ms += 2_000
  t.same(await lookup.addresses('s3.example', any), here)
  t.ok(performance.now() - before < 500, 'nobody waits again for the same silence')
  passed.ms += 11 * 60_000
  const late = lookup.addresses('s3.example', any)
  asked[0]!.answer([{ address: '192.0.2.2', family: 4 }])
  t.match(await late, [{ address: '192.0.2.2' }])
})

t.test('a resolver that gives up says nothing, one that knows of no such name does', async (t) => {
  const { lookup, asked, passed, known } = world()
  await known()
  const first = lookup.addresses('s3.example', any)
  asked.shift()!.fail(failure('EAI_AGAIN'))
  t.same(await first, here)
  passed.ms += 1_100
  const second = lookup.addresses('s3.example', any)
  asked.shift()!.fail(failure('ENOTFOUND'))
  await t.rejects(second, { code: 'ENOTFOUND' })
  await t.rejects(lookup.addresses('s3.example', any), { code: 'ENOTFOUND' })
})

t.test('an agent gets one address or all, or the error', async (t) => {
  const { lookup, asked } = world()
  const one = new Promise((resolve) => lookup.lookup('a', {}, (...all) => resolve(all)))
  const all = new Promise((resolve) => lookup.lookup('a', { all: true }, (...all) => resolve(all)))
  const none = new Promise((resolve) => lookup.lookup('b', { all: true }, (...all) => resolve(all)))
  await until('both to be asked', () => asked.length === 2)
  asked[0]!.answer(here)
  asked[1]!.fail(failure('ENOTFOUND'))
  t.same(await one, [null, '192.0.2.1', 4])
  t.same(await all, [null, here])
  t.match(await none, [{ code: 'ENOTFOUND' }])
})
