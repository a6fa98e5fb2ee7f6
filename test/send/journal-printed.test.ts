/** `scripts/journal`: a journal as people read it. */
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { formatLine } from '../../src/journal/lines.js'
import { run, type Outcome } from '../helpers/run.js'
import { senderWorld } from '../helpers/sender-world.js'

function printed(...args: readonly string[]): Promise<Outcome> {
  return run(fileURLToPath(new URL('../../../scripts/journal', import.meta.url)), args)
}

t.test('a file is followed from its first line to its last, while its sender is at work', async (t) => {
  const world = await senderWorld(t)
  await world.start()
  await world.write('order.edi', 'ISA*00*')
  await world.inState('order.edi', 'submitted')
  const { code, stdout, stderr } = await printed(join(world.directory, 'journal'))
  t.same({ code, stderr }, { code: 0, stderr: '' })
  const steps = stdout.split('\n').map((it) => /ACME\/GLOBEX\/order\.edi {2}(\S+ → \S+)/.exec(it)?.[1])
  const expected = ['new → open', 'open → queued', 'queued → uploading', 'uploading → submitted']
  t.same(
    steps.filter((it) => it !== undefined),
    expected,
  )
  t.match(stdout, / → queued .*closedAt=20\d\d-/)
  t.match(stdout, / → queued \(closed by close, told as queued\) /)
  t.match(stdout, / → submitted .*etag=/)
  t.match(stdout, /^20\d\d-\d\d-\d\dT[\d:.]+Z {2}file \{"inode":"\d+","born":"\d+"\}\n/)
  t.match(stdout, /^20\d\d-\d\d-\d\dT[\d:.]+Z {2}[0-9a-f]{8} {2}/m)
})

t.test('lines that are damaged or torn are told, and cost no other', async (t) => {
  const file = join(t.testdir(), 'journal')
  const message = { id: 'one', station: 'A', partner: 'B', path: 'x\u001b[2J', state: 'held', size: 1 }
  await writeFile(file, `${formatLine({ at: 0, messages: [message] })}12345678 {"at":1}\n`)
  await appendFile(
    file,
    `${formatLine({ at: 2, messages: [{ ...message, size: 2 }], told: [{ event: 'held', policy: '--hold' }] })}123`,
  )
  t.match(await printed(file), {
    code: 1,
    stdout: [
      '1970-01-01T00:00:00.000Z  one  A/B/x\uFFFD[2J  new → held  size=1',
      'line 2 is damaged: 12345678 {"at":1}',
      '1970-01-01T00:00:00.002Z  one  A/B/x\uFFFD[2J  held (told as held policy="--hold")  size=2',
      'line 4 is torn: it was never acknowledged\n',
    ].join('\n'),
  })
})

t.test('without a journal it says so', async (t) => {
  const folder = t.testdir({})
  t.match(await printed(folder), { code: 1, stderr: /ENOENT.*spool\/journal/ })
  t.match(await printed(), { code: 1, stderr: /^Usage: / })
})
