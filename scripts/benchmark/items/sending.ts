/** Writing: what the writer waits for, and when it is in the bucket. */
import { mkdir } from 'node:fs/promises'
import type { Bytes } from '../../../src/units.js'
import type { Bench } from '../bench.js'
import { near, nearAndFar, type Item } from '../item.js'
import { linkNames } from '../link.js'
import type { Row } from '../results.js'
import { station } from '../server/fill.js'
import { bucketName } from '../server/worlds.js'
import { count } from './messages.js'
import { size } from './reading.js'

const partner = 'MESSAGES'
const prefix = `AS2/send/${station}/${partner}/`
const fileSize: Bytes = 2048

export const sendingItems: readonly Item[] = [
  {
    name: 'send-small',
    links: linkNames,
    async do(bench) {
      const { sent } = bench.sizes
      await send(bench, { id: 'send-small', words: `cp of ${count(sent)} files of 2 KiB to send` }, sent, fileSize)
    },
  },
  {
    name: 'send-big',
    links: nearAndFar,
    async do(bench) {
      const { big } = bench.sizes
      await send(bench, { id: 'send-big', words: `cp of ${size(big)} to send` }, 1, big)
    },
  },
  {
    name: 'send-waiting',
    links: near,
    isOwn: true,
    isOneMount: true,
    // They wait for their time to be sent, and at the end nobody waits for them.
    flags: { as2fs: ['--settle', '1h', '--drain', '0s'], before: ['--settle', '1h', '--drain', '0s'] },
    do: sendBesideWaiting,
  },
]

async function send(bench: Bench, row: Row, files: number, bytes: Bytes): Promise<void> {
  const source = await makeFiles(bench, files, bytes)
  const target = bench.mount.send(partner)
  try {
    await mkdir(target, { recursive: true })
    const uploaded = { id: `${row.id}-uploaded`, words: `${row.words}, until in the bucket` }
    await bench.time(uploaded, files * bytes, async () => {
      const began = performance.now()
      await bench.command(row, copy(source, target), { bytes: files * bytes })
      await bench.until(async () => {
        const there = await bench.server.uploaded(prefix)
        return there.objects === files && there.bytes === files * bytes
      })
      return performance.now() - began
    })
  } finally {
    await bench.workspace.drop(source)
    await bench.server.remove(prefix, bucketName)
  }
}

async function sendBesideWaiting(bench: Bench): Promise<void> {
  const { sent, waiting } = bench.sizes
  const target = bench.mount.send(partner)
  const row = {
    id: 'send-waiting',
    words: `cp of ${count(sent)} files of 2 KiB to send, where ${count(waiting)} wait`,
  }
  await withFiles(bench, waiting, 'order', (source) => bench.run(copy(source, target)))
  for (let run = 1; run <= bench.runs; run += 1) {
    await withFiles(bench, sent, `invoice-${run}`, (source) =>
      bench.command(row, copy(source, target), { bytes: sent * fileSize }),
    )
  }
  await bench.memory({ id: 'send-waiting-memory', words: `memory while ${count(waiting)} wait` }, 'now')
}

async function withFiles(bench: Bench, files: number, name: string, work: (source: string) => Promise<unknown>) {
  const source = await makeFiles(bench, files, fileSize, name)
  try {
    await work(source)
  } finally {
    await bench.workspace.drop(source)
  }
}

function copy(source: string, target: string): readonly string[] {
  return ['sh', '-c', 'cp "$1"/* "$2"/', 'sh', source, target]
}

async function makeFiles(bench: Bench, files: number, bytes: Bytes, name = 'invoice'): Promise<string> {
  const source = bench.workspace.directory('source')
  const script = `head -c $(($2 * $3)) /dev/zero | split -d -a 5 -b "$3" --additional-suffix=.edi - "$1/$4-" && sync "$1"/*`
  await bench.run(['sh', '-c', script, 'sh', source, String(files), String(bytes), name])
  return source
}
