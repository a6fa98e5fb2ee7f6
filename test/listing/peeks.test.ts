/** What a look at one path tells must be what the listing of the whole view tells. */
import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { createListing } from '../../src/listing/cached-listing.js'
import { KeyIndex } from '../../src/listing/key-index.js'
import { IndexTree } from '../../src/listing/key-tree.js'
import type { Entry, KeyTree, Purpose } from '../../src/listing/listing.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Name } from '../../src/units.js'
import { anyObjects, inbox } from '../helpers/listed.js'
import { MemoryStore } from '../helpers/memory-store.js'

const ages = { ttl: 60_000, reconcile: 60_000, staleTtl: 60_000, deadline: 60_000, patience: 60_000 }
const { signal } = new AbortController()

/** The time of a folder may be that of what was seen of it. */
function plain(entry: Entry | undefined): Entry | undefined {
  return entry?.kind === 'folder' ? { ...entry, mtime: 0 } : entry
}

function paths(tree: KeyTree, at: readonly Name[] = []): Name[][] {
  return [...(tree.readdir(at) ?? [])].flatMap((entry) => {
    const path = [...at, entry.name]
    return entry.kind === 'file' ? [path] : [path, ...paths(tree, path)]
  })
}

t.test('a path given by name is what it is in the whole listing, whatever a page holds', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      anyObjects,
      fc.constantFrom(1, 2, 3, 1_000),
      fc.constantFrom(0, 1, 5),
      async (wanted, pageLimit, emptyPages) => {
        const store = new MemoryStore({ pageLimit, emptyPages })
        const objects = wanted.map(({ key, size, mtime }) => store.set(key, size === 0 ? '' : 'x', mtime))
        const whole = new IndexTree(KeyIndex.of(inbox, objects), { listedAt: 0, completeAt: 0 })
        const there = paths(whole)
        const absent = there.flatMap((path) => [
          [...path, 'x'],
          [`${path[0]}x`],
          [...path.slice(0, -1), `${path.at(-1)}%2F`],
        ])
        for (const path of [...there, ...(absent as Name[][])]) {
          const near = (purpose: Purpose) => {
            const options = { store, ...ages, common: [], unordered: [], clock: systemClock, log: silentLogger() }
            return createListing(options).near(inbox, path, purpose, signal)
          }
          deepStrictEqual(plain((await near('entry')).lookup(path)), plain(whole.lookup(path)))
          const content = await near('content')
          deepStrictEqual(paths(content, path), paths(whole, path))
        }
      },
    ),
    { numRuns: 150 },
  )
  t.pass()
})
