/** What people and programs do with many small messages. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Milliseconds } from '../../../src/units.js'
import { type Bench, type Item, Wrong } from '../item.js'
import { inboxOf, messagePath, partners } from '../server/fill.js'

/** Longer than a listing of as2fs lives (`--list-ttl 5s`). */
const expiry: Milliseconds = 6_000

const again = ', again'

export const messageItems: readonly Item[] = [
  onMessages('ls', async (bench, what) => {
    const command = ['ls', bench.mount.inbox('MESSAGES')]
    await bench.command(`ls of ${what}`, command, { lines: bench.sizes.messages })
  }),
  onMessages('find', async (bench, what) => {
    const command = ['find', bench.mount.inbox('MESSAGES'), '-type', 'f']
    await bench.command(`find -type f in ${what}`, command, { lines: bench.sizes.messages })
    await bench.command(`find -type f in ${what}${again}`, command, { lines: bench.sizes.messages })
  }),
  onMessages('ls-l', async (bench, what) => {
    const command = ['ls', '-l', bench.mount.inbox('MESSAGES')]
    await bench.command(`ls -l of ${what}`, command, { lines: bench.sizes.messages + 1 })
    await bench.command(`ls -l of ${what}${again}`, command, { lines: bench.sizes.messages + 1 })
  }),
  onMessages('cp', async (bench, what) => {
    const target = bench.workspace.directory('copy')
    await bench.command(`cp -r of ${what}`, ['cp', '-r', bench.mount.inbox('MESSAGES'), target])
    const { stdout } = await bench.run(['find', target, '-type', 'f', '-size', '2048c'])
    const copied = stdout.split('\n').length - 1
    if (copied !== bench.sizes.messages) throw new Wrong(`cp -r copied ${copied}`)
    await bench.workspace.drop(target)
    await bench.fetchedForNothing(`cp -r of ${what}`)
  }),
  onMessages('grep', async (bench, what) => {
    const command = ['grep', '-rl', 'UNB', bench.mount.inbox('MESSAGES')]
    await bench.command(`grep -r in ${what}`, command, { lines: bench.sizes.messages })
    await bench.fetchedForNothing(`grep -r in ${what}`)
  }),
  onMessages('tar', async (bench, what) => {
    // Into a pipe: tar reads nothing when it sees that it writes to /dev/null.
    const script = 'tar cf - -C "$1" . | tar tf - | grep "edi$"'
    const command = ['sh', '-c', script, 'sh', bench.mount.inbox('MESSAGES')]
    await bench.command(`tar c of ${what}`, command, { lines: bench.sizes.messages })
  }),
  {
    name: 'many',
    delay: 'both',
    // As fresh as as2fs is: else it shows what comes five minutes later.
    flags: { rclone: ['--dir-cache-time', '5s'] },
    do: listMany,
  },
  {
    name: 'many-found',
    // Without it the peers' time is their own: minutes that say nothing.
    delay: 'always',
    async do(bench) {
      const { many } = bench.sizes
      const command = ['find', bench.mount.inbox('MANY'), '-type', 'f']
      await bench.command(`find -type f in ${count(many)} messages`, command, { lines: many })
    },
  },
  { name: 'flat', delay: 'both', do: listFlat },
]

function onMessages(name: string, work: (bench: Bench, what: string) => Promise<void>): Item {
  const what = (bench: Bench): string => `${count(bench.sizes.messages)} messages`
  return { name, delay: 'both', do: (bench) => work(bench, what(bench)) }
}

/** The first look at a large inbox, one after a message came, and none. */
async function listMany(bench: Bench): Promise<void> {
  const { many } = bench.sizes
  const command = ['ls', bench.mount.inbox('MANY')]
  await bench.command(`ls of ${count(many)} messages`, command, { lines: many })
  const key = inboxOf('MANY') + messagePath(many, partners(bench.sizes).MANY)
  await bench.server.put(key, 2048)
  try {
    await pause(expiry, undefined, { signal: bench.signal })
    await bench.command(`ls of them ${expiry / 1000} s later, one came`, command, { lines: many + 1 })
    await bench.time(`nobody looks at them for ${expiry / 1000} s`, undefined, async () => {
      await pause(expiry, undefined, { signal: bench.signal })
      return expiry
    })
  } finally {
    await bench.server.remove(key)
  }
}

async function listFlat(bench: Bench): Promise<void> {
  const { flat } = bench.sizes
  const command = ['ls', '-l', bench.mount.inbox('FLAT')]
  await bench.command(`ls -l of a folder of ${count(flat)} files`, command, { lines: flat + 1 })
  await bench.command(`ls -l of a folder of ${count(flat)} files${again}`, command, { lines: flat + 1 })
}

export function count(number: number): string {
  return number.toLocaleString('en')
}
