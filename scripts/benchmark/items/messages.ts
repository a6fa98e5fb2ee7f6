/** What people and programs do with many small messages. */
import type { Milliseconds } from '../../../src/units.js'
import { Wrong, type Bench } from '../bench.js'
import { bothNear, nearAndFar, type Item } from '../item.js'
import { linkNames, type LinkName } from '../link.js'
import { again, type Row } from '../results.js'
import { inboxOf, messagePath, partners } from '../server/fill.js'
import { bucketName, partnerAt } from '../server/worlds.js'

/** Longer than a listing of as2fs lives (`--list-ttl 5s`). */
const expiry: Milliseconds = 6_000

export const messageItems: readonly Item[] = [
  onMessages(
    'ls',
    nearAndFar,
    (words) => `ls of ${words}`,
    async (bench, row) => {
      await bench.command(row, ['ls', bench.mount.inbox('MESSAGES')], { lines: bench.sizes.messages })
    },
  ),
  onMessages(
    'find',
    linkNames,
    (words) => `find -type f in ${words}`,
    async (bench, row) => {
      await find(bench, row, bench.mount.inbox('MESSAGES'), bench.sizes.messages)
    },
  ),
  onMessages(
    'ls-l',
    linkNames,
    (words) => `ls -l of ${words}`,
    async (bench, row) => {
      await listLong(bench, row, bench.mount.inbox('MESSAGES'), bench.sizes.messages)
    },
  ),
  onMessages('cp', linkNames, (words) => `cp -r of ${words}`, copy),
  onMessages(
    'grep',
    nearAndFar,
    (words) => `grep -r in ${words}`,
    async (bench, row) => {
      const command = ['grep', '-rl', 'UNB', bench.mount.inbox('MESSAGES')]
      await bench.command(row, command, { lines: bench.sizes.messages })
      await bench.fetchedForNothing(row)
    },
  ),
  onMessages(
    'tar',
    nearAndFar,
    (words) => `tar c of ${words}`,
    async (bench, row) => {
      // Into a pipe: tar reads nothing when it sees that it writes to /dev/null.
      const script = 'tar cf - -C "$1" . | tar tf - | grep "edi$"'
      const command = ['sh', '-c', script, 'sh', bench.mount.inbox('MESSAGES')]
      await bench.command(row, command, { lines: bench.sizes.messages })
    },
  ),
  {
    name: 'many',
    links: nearAndFar,
    // As fresh as as2fs is: else it shows what comes five minutes later.
    flags: { rclone: ['--dir-cache-time', '5s'] },
    do: listMany,
  },
  {
    name: 'many-found',
    // Without the delay the peers' time is their own: minutes that say nothing.
    links: ['far'],
    async do(bench) {
      const { many } = bench.sizes
      const row = { id: 'many-found', words: `find -type f in ${count(many)} messages` }
      await bench.command(row, ['find', bench.mount.inbox('MANY'), '-type', 'f'], { lines: many })
    },
  },
  inFolders('folders-find', 'find -type f in', find),
  inFolders('folders-ls-l', 'ls -l of', listLong),
  inFlat('flat-find', 'find -type f in', find),
  inFlat('flat-ls-l', 'ls -l of', listLong),
]

type OnFolder = (bench: Bench, row: Row, folder: string, messages: number) => Promise<void>

function onMessages(
  id: string,
  links: readonly LinkName[],
  words: (what: string) => string,
  work: (bench: Bench, row: Row) => Promise<void>,
): Item {
  const row = (bench: Bench): Row => ({ id, words: words(`${count(bench.sizes.messages)} messages`) })
  return { name: id, links, do: (bench) => work(bench, row(bench)) }
}

/** Each message in a folder of its own. */
function inFolders(id: string, verb: string, work: OnFolder): Item {
  return {
    name: id,
    links: bothNear,
    world: ({ folders }) => folders,
    async do(bench) {
      const { each } = bench.sizes.folders
      await work(bench, { id, words: `${verb} ${count(each)} messages` }, bench.mount.inbox(partnerAt(0)), each)
    },
  }
}

function inFlat(id: string, verb: string, work: OnFolder): Item {
  return {
    name: id,
    links: linkNames,
    async do(bench) {
      const { flat } = bench.sizes
      await work(bench, { id, words: `${verb} a folder of ${count(flat)} files` }, bench.mount.inbox('FLAT'), flat)
    },
  }
}

async function find(bench: Bench, row: Row, folder: string, lines: number): Promise<void> {
  const command = ['find', folder, '-type', 'f']
  await bench.command(row, command, { lines })
  await bench.command(again(row), command, { lines })
}

async function listLong(bench: Bench, row: Row, folder: string, messages: number): Promise<void> {
  const command = ['ls', '-l', folder]
  await bench.command(row, command, { lines: messages + 1 })
  await bench.command(again(row), command, { lines: messages + 1 })
}

async function copy(bench: Bench, row: Row): Promise<void> {
  const target = bench.workspace.directory('copy')
  await bench.command(row, ['cp', '-r', bench.mount.inbox('MESSAGES'), target])
  const { stdout } = await bench.run(['find', target, '-type', 'f', '-size', '2048c'])
  const copied = stdout.split('\n').length - 1
  if (copied !== bench.sizes.messages) throw new Wrong(`cp -r copied ${copied}`)
  await bench.workspace.drop(target)
  await bench.fetchedForNothing(row)
}

/** The first look at a large inbox, one after a message came, and none. */
async function listMany(bench: Bench): Promise<void> {
  const { many } = bench.sizes
  const command = ['ls', bench.mount.inbox('MANY')]
  await bench.command({ id: 'many', words: `ls of ${count(many)} messages` }, command, { lines: many })
  const key = inboxOf('MANY') + messagePath(many, partners(bench.sizes).MANY)
  await bench.server.put(key, 2048, bucketName)
  try {
    await bench.pause(expiry)
    const later = { id: 'many-later', words: `ls of them ${expiry / 1000} s later, one came` }
    await bench.command(later, command, { lines: many + 1 })
    const unseen = { id: 'many-unseen', words: `nobody looks at them for ${expiry / 1000} s` }
    await bench.time(unseen, undefined, async () => {
      await bench.pause(expiry)
      return expiry
    })
  } finally {
    await bench.server.remove(key, bucketName)
  }
}

export function count(number: number): string {
  return number.toLocaleString('en')
}
