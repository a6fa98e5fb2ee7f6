/** What is done by hand to a spool whose sender does not run. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { entriesOf } from '../../src/send/life/entry.js'
import { Journal } from '../../src/journal/journal.js'
import type { Message } from '../../src/send/life/message.js'
import { changeWaiting, readWaiting } from '../../src/send/waiting.js'
import type { Prefix } from '../../src/units.js'
import { samples } from '../helpers/life-samples.js'

/** A spool with these, each whole. */
async function spool(t: Test, ...messages: readonly Message[]): Promise<string> {
  const directory = t.testdir({})
  await mkdir(join(directory, 'data'))
  for (const { id, size } of messages) await writeFile(join(directory, 'data', id), 'x'.repeat(size))
  await (await Journal.begin(directory, entriesOf(messages, []))).close()
  return directory
}

async function rows(directory: string): Promise<readonly string[]> {
  return (await readWaiting(directory, 'AS2/' as Prefix)).map((it) => `${it.path} ${it.state}`)
}

t.test('an archive that is not made yet may be tried again: the next start packs it', async (t) => {
  const member: Message = { ...samples.gone, id: 'm', path: 'batch/a', packedIn: 'batch.zip' }
  const directory = await spool(t, samples['held: packing'], member)
  const before = await readFile(join(directory, 'journal'))
  await changeWaiting(directory, 'retry', 'id')
  t.same(await rows(directory), ['batch.zip held'])
  t.ok(before.equals(await readFile(join(directory, 'journal'))), 'nothing is to be written down')
})

t.test('a lock file is not released, whatever it is held for', async (t) => {
  const directory = await spool(t, samples['held: lock file'])
  await t.rejects(changeWaiting(directory, 'release', 'id'), { code: 'EINVAL', message: /is a lock file/ })
  t.same(await rows(directory), ['a.edi.LCK held'])
})

t.test('a trigger goes when the file that it let go is cancelled; one that let nothing go stays', async (t) => {
  const used = { ...samples.queued, triggeredBy: 'a.edi.ok' }
  const trigger = { ...samples['held: trigger'], id: 'ok' }
  const other = { ...samples.held, id: 'other', path: 'b.edi' }
  const unused = { ...trigger, id: 'unused', path: 'b.edi.ok' }
  const directory = await spool(t, used, trigger, other, unused)
  await changeWaiting(directory, 'cancel', 'id')
  await changeWaiting(directory, 'cancel', 'other')
  t.same(await rows(directory), ['b.edi.ok held'])
})
