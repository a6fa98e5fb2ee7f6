/** Whose receipts are shown where, out of one listing for all partners. */
import t from 'tap'
import { MdnViews, type MdnPlace } from '../../src/fs/mdn-views.js'
import { createListing } from '../../src/listing/cached-listing.js'
import type { KeyTree, ViewTree } from '../../src/listing/listing.js'
import { attributionByKey } from '../../src/mdn/attribution.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Name, Prefix } from '../../src/units.js'
import { MemoryStore } from '../helpers/memory-store.js'
import { PlayedClock } from '../helpers/played-clock.js'

const root = 'AS2/' as Prefix
const prefix = 'AS2/raw-mdn/incoming/' as Prefix
const globex = { station: 'ACME', partner: 'GLOBEX', direction: 'incoming' } as const
const initech = { ...globex, partner: 'INITECH' }
const isKnown = (station: string, partner: string): boolean => station === 'ACME' && partner === 'GLOBEX'
const { signal } = new AbortController()
const names = (path: string): Name[] => path.split('/') as Name[]

function world(...keys: readonly string[]) {
  const clock = new PlayedClock()
  const store = new MemoryStore({ clock })
  for (const key of keys) store.set(prefix + key, key)
  const listing = createListing({
    ...{ store, clock, timers: clock, log: silentLogger(), common: [], unordered: [] },
    ...{ ttl: 5_000, reconcile: 600_000, staleTtl: 300_000, deadline: 60_000, patience: 1_000 },
  })
  return { clock, store, listing, views: new MdnViews({ listing, root, attribution: attributionByKey, clock }) }
}

/** Paths of all files, in the order in which they are listed. */
function files(tree: KeyTree, at: readonly Name[] = []): string[] {
  return [...(tree.readdir(at) ?? [])].flatMap((entry) => {
    const path = [...at, entry.name]
    return entry.kind === 'file' ? [path.join('/')] : files(tree, path)
  })
}

async function shown(of: ReturnType<typeof world>, partner: Omit<MdnPlace, 'names' | 'purpose'>): Promise<string[]> {
  const place = { ...partner, names: [], purpose: 'content' } as const
  return files(await of.views.tree(place, isKnown, signal))
}

t.test('a partner has what is below its names, and what names it further in', async (t) => {
  const of = world('ACME/GLOBEX/1', 'ACME/INITECH/2', '2026/ACME/GLOBEX/3', '4', 'ACME/INITECH/ACME/GLOBEX/5')
  t.same(await shown(of, globex), ['1', '2026/ACME/GLOBEX/3', 'ACME/INITECH/ACME/GLOBEX/5'])
  t.same(await shown(of, initech), ['2'], 'and not what is the other’s')
  t.same(await shown(of, { ...globex, partner: 'NOBODY' }), [])
})

t.test('a partner all of whose receipts are another’s has an empty folder', async (t) => {
  const of = world('ACME/INITECH/ACME/GLOBEX/1')
  t.same(await shown(of, initech), [])
  t.same(await shown(of, globex), ['ACME/INITECH/ACME/GLOBEX/1'])
})

t.test('what is shown is as new as the listing, and made once for each content', async (t) => {
  const of = world('2026/ACME/GLOBEX/1')
  const tree = async (): Promise<ViewTree> => of.listing.tree(prefix, signal)
  const first = await tree()
  await of.clock.advance(5_001)
  const second = await tree()
  t.equal(second.content, first.content, 'a refresh that finds nothing new')
  const of1 = of.views.whole(first, globex, isKnown)
  const of2 = of.views.whole(second, globex, () => t.fail('nothing is attributed again'))
  t.equal(of2.listedAt - of1.listedAt, 5_001)
  t.same(of2.lookup(names('2026/ACME/GLOBEX/1')), of1.lookup(names('2026/ACME/GLOBEX/1')))
  of.store.set(`${prefix}2026/ACME/GLOBEX/2`, 'x')
  await of.clock.advance(5_001)
  t.same(files(of.views.whole(await tree(), globex, isKnown)), ['2026/ACME/GLOBEX/1', '2026/ACME/GLOBEX/2'])
})

t.test('of two that would have one name the partner’s own is shown', async (t) => {
  const of = world('ACME/GLOBEX/2026/1', '2026/ACME/GLOBEX/3')
  t.same(await shown(of, globex), ['2026/1', '2026/ACME/GLOBEX/3'], 'folders hold what is in both')
  const same = world('ACME/GLOBEX/2026/ACME/GLOBEX/1', '2026/ACME/GLOBEX/1')
  const tree = same.views.whole(await same.listing.tree(prefix, signal), globex, isKnown)
  t.match(tree.lookup(names('2026/ACME/GLOBEX/1')), { key: `${prefix}ACME/GLOBEX/2026/ACME/GLOBEX/1` })
})

t.test('a path by name is found without a listing of all', async (t) => {
  const of = world('ACME/GLOBEX/1', 'ACME/GLOBEX/2/a')
  const at = (path: string) => ({ ...globex, names: names(path), purpose: 'entry' }) as const
  t.match((await of.views.tree(at('1'), isKnown, signal)).lookup(names('1')), { kind: 'file' })
  t.match((await of.views.tree(at('2/a'), isKnown, signal)).lookup(names('2/a')), { kind: 'file' })
  t.notOk(of.listing.isListed(prefix))
  t.equal((await of.views.tree(at('3'), isKnown, signal)).lookup(names('3')), undefined)
  t.ok(of.listing.isListed(prefix), 'what is not there may be named further in')
})

t.test('a folder that is listed first, by its path, has all that the whole view has in it', async (t) => {
  const it = world('ACME/GLOBEX/x/y', 'x/ACME/GLOBEX/b')
  const place = { ...globex, names: names('x'), purpose: 'content' } as const
  const tree = await it.views.tree(place, isKnown, signal)
  t.same(files(tree, names('x')).sort(), ['x/ACME/GLOBEX/b', 'x/y'])
})
