/** A state directory that was restored from a backup, or moved: what was sent since it was copied is not sent once more. */
import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseJournal } from '../../src/journal/lines.js'
import type { JournalEntry } from '../../src/send/life/entry.js'
import { senderWorld, never } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const settle = 3_600_000

/** With all times as they were, as backup programs do. */
const restores: Readonly<Record<string, string>> = {
  'into a new folder': 'rm -rf "$2" && cp -a "$1" "$2"',
  'by rsync into the same folder': 'rsync -a --delete "$1/" "$2/"',
  'by cp into the same folder': 'cp -a "$1/." "$2/"',
  'by rsync into the same files': 'rsync -a --inplace --delete "$1/" "$2/"',
  'by tar over what is there': 'tar -C "$1" -cf - . | tar -C "$2" -xpf -',
}

for (const [how, restore] of Object.entries(restores)) {
  t.test(`what was sent after the copy was made is looked for, the rest is sent: restored ${how}`, async (t) => {
    const backup = join(t.testdir(), 'backup')
    const world = await senderWorld(t, { settle })
    for (const name of ['order.edi', 'other.edi', '.third.tmp']) await world.write(name, name)
    execFileSync('cp', ['-a', world.directory, backup])
    await world.sender.retry(world.row('order.edi')!.id, never())
    await world.inState('order.edi', 'submitted')
    world.take('order.edi')
    await world.restart((directory) => execFileSync('sh', ['-c', restore, 'sh', backup, directory]))
    t.same(
      world.sender
        .allRows()
        .map((it) => it.path)
        .sort(),
      ['.third.tmp', 'order.edi', 'other.edi'],
    )
    // One that was looked for is due at once, and may be submitted already.
    for (const { id } of world.sender.allRows()) await world.sender.retry(id, never()).catch(() => undefined)
    for (const name of ['order.edi', 'other.edi']) await world.inState(name, 'submitted')
    await world.settled()
    t.equal(world.puts('order.edi'), 1)
    t.equal(world.puts('other.edi'), 1)
    t.equal(world.row('.third.tmp')?.state, 'held')
  })
}

t.test('a copy that was made moments before the end, and is written over the very files, is known, too', async (t) => {
  const backup = join(t.testdir(), 'backup')
  const world = await senderWorld(t, { settle })
  await world.write('order.edi', 'order')
  execFileSync('cp', ['-a', world.directory, backup])
  await world.sender.retry(world.row('order.edi')!.id, never())
  await world.inState('order.edi', 'submitted')
  world.take('order.edi')
  await world.sender.close()
  execFileSync('cp', ['-a', `${backup}/.`, world.directory])
  await world.start()
  await world.sender.retry(world.row('order.edi')!.id, never()).catch(() => undefined)
  await until('it to be looked for', () => world.row('order.edi') === undefined)
  t.equal(world.puts('order.edi'), 1)
})

t.test('one that was only renamed, or whose daemon was killed, is no copy: nothing is looked for', async (t) => {
  const world = await senderWorld(t, { settle })
  await world.write('order.edi', 'order')
  await world.restart((directory) => {
    renameSync(directory, `${directory}.moved`)
    renameSync(`${directory}.moved`, directory)
  })
  t.equal(world.row('order.edi')?.state, 'queued')
  const { entries } = parseJournal<JournalEntry>(readFileSync(join(world.directory, 'journal'), 'utf8'))
  const made = entries.flatMap((it) => it.messages ?? [])[0]
  t.match(made, { path: 'order.edi', state: 'queued' }, 'what the start made of it')
  t.notOk(made && 'attempt' in made, 'nothing that would be looked for')
})
