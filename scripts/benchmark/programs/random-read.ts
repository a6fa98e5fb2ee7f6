/** Reads 4 KiB at random places of a file, one after the other; prints the milliseconds that all took. */
import { closeSync, openSync, readSync } from 'node:fs'

const [path = '', size = '0', reads = '0'] = process.argv.slice(2)
const blocks = Math.floor(Number(size) / 4096)
const buffer = Buffer.alloc(4096)
const descriptor = openSync(path, 'r')
const began = performance.now()
// The same places for everyone.
for (let n = 0, seed = 7; n < Number(reads); n += 1) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  const got = readSync(descriptor, buffer, 0, buffer.length, (seed % blocks) * 4096)
  if (got !== buffer.length) throw new Error(`${got} bytes came`)
}
process.stdout.write(`${performance.now() - began}\n`)
closeSync(descriptor)
