/** Many files that one trigger may be meant for: each is told so once, and nobody waits for it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SenderWorld, never } from '../helpers/sender-world.js'

async function world(t: Test): Promise<SenderWorld> {
  const world = new SenderWorld(t.testdir(), { commit: 'trigger' })
  await world.start()
  t.teardown(() => world.stop())
  return world
}

async function journalLines({ directory }: SenderWorld): Promise<number> {
  const text = await readFile(join(directory, 'journal'), 'latin1')
  return text.split('\n').length - 1
}

for (const count of [3, 60]) {
  t.test(`of ${count} files that a trigger may be meant for, each is judged once`, { timeout: 120_000 }, async (t) => {
    const it = await world(t)
    const names = Array.from({ length: count }, (_, n) => `batch.${n}`)
    for (const name of names) await it.write(name, name)
    const before = await journalLines(it)
    await it.write('batch.ok', 'ready')
    for (const name of names) {
      const row = it.row(name)
      t.match(row, { state: 'held', reason: 'untriggered' })
      t.match(row?.error, `batch.ok may be meant for ${name} or one of others: name it after the whole name.`)
    }
    const linesOfTrigger = 4
    t.ok((await journalLines(it)) - before <= count + linesOfTrigger, 'one line for each file')

    await it.write('batch.0.ok', 'ready')
    await it.inState('batch.0', 'submitted')
    t.equal(it.row('batch.1')?.state, 'held')
  })
}

t.test('the last of two that a trigger may be meant for is sent once the other is gone', async (t) => {
  const it = await world(t)
  for (const name of ['two.edi', 'two.xml']) await it.write(name, name)
  await it.write('two.ok', 'ready')
  t.match(it.row('two.edi')?.error, 'two.ok may be meant for two.edi or two.xml: name it after the whole name.')
  const id = it.row('two.xml')?.id ?? ''
  await it.sender.cancel(id, never())
  await it.inState('two.edi', 'submitted')
})
