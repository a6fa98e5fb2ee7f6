/** Who waited long for a read that failed is not made to wait once more when the kernel asks again. */
import t from 'tap'
import { FailedReads } from '../../src/fuse/failed-reads.js'

const [handle, other, errno] = [7, 8, -110]

t.test('a failure that came late is told again to whoever asks soon, by when the kernel asked', async (t) => {
  let now = 10_000
  const reads = new FailedReads({ now: () => now, monotonic: () => now })
  reads.failed(handle, errno, 15_000)
  now += 2_900
  t.equal(reads.of(handle, 0), errno)
  t.equal(reads.of(other, 0), undefined)
  now += 4_000
  t.equal(reads.of(handle, 4_000), errno, 'it asked long ago, and comes to its turn now')
  t.equal(reads.of(handle, 0), undefined, 'that is another read')
})

t.test('one that came at once, and one of a handle that is closed, are not kept', async (t) => {
  const reads = new FailedReads({ now: () => 0, monotonic: () => 0 })
  reads.failed(handle, errno, 999)
  t.equal(reads.of(handle, 0), undefined)
  reads.failed(handle, errno, 1_000)
  t.equal(reads.of(handle, 0), errno)
  reads.released(handle)
  t.equal(reads.of(handle, 0), undefined)
})
