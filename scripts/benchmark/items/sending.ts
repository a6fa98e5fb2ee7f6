/** Writing: what the writer waits for, and when it is in the bucket. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes } from '../../../src/units.js'
import type { Bench, Item } from '../item.js'
import { station } from '../server/fill.js'
import { count } from './messages.js'
import { size } from './reading.js'

const partner = 'MESSAGES'
const fileSize: Bytes = 2048

export const sendingItems: readonly Item[] = [
  {
    name: 'send-small',
    delay: 'both',
    do: (bench) => send(bench, bench.sizes.sent, fileSize, `${count(bench.sizes.sent)} files of 2 KiB`),
  },
  { name: 'send-big', delay: 'both', do: (bench) => send(bench, 1, bench.sizes.big, size(bench.sizes.big)) },
]

async function send(bench: Bench, files: number, bytes: Bytes, what: string): Promise<void> {
  const source = await makeFiles(bench, files, bytes)
  const target = bench.mount.send(partner)
  const prefix = `AS2/send/${station}/${partner}/`
  try {
    await mkdir(target, { recursive: true })
    await bench.time(`cp of ${what} to send, until in the bucket`, files * bytes, async () => {
      const began = performance.now()
      const command = ['sh', '-c', 'cp "$1"/* "$2"/', 'sh', source, target]
      await bench.command(`cp of ${what} to send`, command, { bytes: files * bytes })
      await bench.until(async () => {
        const there = await bench.server.uploaded(prefix)
        return there.objects === files && there.bytes === files * bytes
      })
      return performance.now() - began
    })
  } finally {
    await bench.workspace.drop(source)
    await bench.server.remove(prefix)
  }
}

async function makeFiles(bench: Bench, files: number, bytes: Bytes): Promise<string> {
  const source = bench.workspace.directory('source')
  const script = `for n in $(seq "$2"); do head -c "$3" /dev/zero >"$1/invoice-$n.edi"; done; sync "$1"/*`
  await bench.run(['sh', '-c', script, 'sh', join(source), String(files), String(bytes)])
  return source
}
