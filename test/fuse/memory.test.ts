/** Memory for large blocks, which is the binding's. */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { largestUnit } from '../../src/data/blocks.js'
import { largeMemory } from '../../src/fuse/memory.js'
import type { Bytes } from '../../src/units.js'

/** What this process has mapped. */
function mapped(): Bytes {
  return Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
}

t.test('it has as many bytes as were asked for, all of them its own', (t) => {
  const blocks = Array.from({ length: 4 }, () => largeMemory(largestUnit))
  for (const [n, block] of blocks.entries()) block?.fill(n + 1)
  for (const [n, block] of blocks.entries()) {
    t.equal(block?.length, largestUnit)
    t.ok(block?.every((it) => it === n + 1))
  }
  t.end()
})

t.test('what is no huge pages is the usual memory', (t) => {
  for (const bytes of [0, 1, largestUnit - 1, largestUnit + 4096]) t.equal(largeMemory(bytes), undefined)
  t.end()
})

t.test('it goes with what is in it', async (t) => {
  setFlagsFromString('--expose-gc')
  const count = 64
  const before = mapped()
  ;(() => {
    const blocks = Array.from({ length: count }, () => largeMemory(largestUnit))
    // Some of before may go meanwhile.
    t.ok(mapped() - before >= (count / 2) * largestUnit)
    blocks.length = 0
  })()
  // Each is given back in a turn of its own after it was collected.
  while (mapped() - before >= (count / 2) * largestUnit) {
    runInNewContext('gc()')
    await new Promise(setImmediate)
  }
})
