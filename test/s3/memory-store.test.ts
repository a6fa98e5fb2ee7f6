/** The contract of the store, on the one in memory that other tests use. */
import t from 'tap'
import type { Key } from '../../src/units.js'
import { MemoryStore } from '../helpers/memory-store.js'
import { testListing } from './contract/listing.js'
import { testReading } from './contract/reading.js'
import type { Subject } from './contract/subject.js'
import { testMultipart, testWriting } from './contract/writing.js'

for (const pageLimit of [1000, 7]) {
  t.test(`with pages of at most ${pageLimit}`, async (t) => {
    const store = new MemoryStore({ pageLimit })
    const subject: Subject = {
      store,
      put: async (key, content) => store.set(key, content),
      delete: async (key: Key) => store.delete(key),
      differences: [],
    }
    await testListing(t, subject)
    await testReading(t, subject)
    await testWriting(t, subject)
    await testMultipart(t, subject)
  })
}
