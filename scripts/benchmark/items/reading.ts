/** Reading large files: alone, at random, and many at once. */
import { join } from 'node:path'
import type { Bench } from '../bench.js'
import { nearAndFar, type Item } from '../item.js'
import { linkNames } from '../link.js'
import { again } from '../results.js'
import { messagePath, partners, type PartnerName } from '../server/fill.js'
import { count } from './messages.js'

export const readingItems: readonly Item[] = [
  {
    name: 'read',
    links: linkNames,
    async do(bench) {
      const { big } = bench.sizes
      const command = ['dd', `if=${file(bench, 'BIG')}`, 'of=/dev/null', 'bs=1M']
      const row = { id: 'read', words: `read ${size(big)}` }
      await bench.command(row, command, { bytes: big })
      await bench.memory({ id: 'read-memory', words: `memory, at most, while ${size(big)} is read` }, 'peak')
      await bench.command(again(row), command, { bytes: big })
      await bench.fetchedForNothing(row)
    },
  },
  {
    name: 'random',
    links: nearAndFar,
    async do(bench) {
      const { randomReads, big } = bench.sizes
      const words = `a random read of 4 KiB (of ${count(randomReads)}, in ${size(big)})`
      await bench.figure({ id: 'random', words }, async () => {
        const time = await bench.program('random-read', file(bench, 'BIG'), String(big), String(randomReads))
        return { unit: 'milliseconds', value: time / randomReads }
      })
      await bench.fetchedForNothing({ id: 'random', words: `${count(randomReads)} random reads` })
    },
  },
  {
    name: 'two-readers',
    links: nearAndFar,
    async do(bench) {
      const path = file(bench, 'BIG')
      const row = { id: 'two-readers', words: `2 readers of the same ${size(bench.sizes.big)}` }
      await bench.command(row, readers([path, path]), { bytes: 2 * bench.sizes.big })
    },
  },
  parallel('readers-8', 'EIGHT'),
  parallel('readers-16', 'SIXTEEN'),
]

function parallel(id: string, partner: 'EIGHT' | 'SIXTEEN'): Item {
  return {
    name: id,
    links: nearAndFar,
    async do(bench) {
      const one = partners(bench.sizes)[partner]
      const row = { id, words: `${one.count} readers, each of its own ${size(one.size)}` }
      await bench.command(row, readers(files(bench, partner)), { bytes: one.count * one.size })
    },
  }
}

export function file(bench: Bench, partner: PartnerName, n = 0): string {
  return join(bench.mount.inbox(partner), messagePath(n, partners(bench.sizes)[partner]))
}

export function files(bench: Bench, partner: PartnerName): string[] {
  const { count } = partners(bench.sizes)[partner]
  return Array.from({ length: count }, (_, n) => file(bench, partner, n))
}

export function size(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${bytes / 1024 ** 3} GiB` : `${bytes / 1024 ** 2} MiB`
}

/** All read at once; it fails if one does. */
function readers(paths: readonly string[]): readonly string[] {
  const script = `pids=
for path; do dd if="$path" of=/dev/null bs=1M & pids="$pids $!"; done
for pid in $pids; do wait "$pid" || exit 1; done`
  return ['sh', '-c', script, 'sh', ...paths]
}
