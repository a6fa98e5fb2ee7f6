/** The log: on a disk that is full it is never in the way of what it is told of; at a terminal it is for people. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openLog } from '../../src/telemetry/log.js'
import { kept } from '../../src/telemetry/line-writer.js'
import { withoutRoot } from '../helpers/nobody.js'
import { run, sh } from '../helpers/run.js'

t.test('a log that can’t be written fails nothing', async (t) => {
  const { log } = await openLog({ level: 'info', file: '/dev/full', style: 'json' })
  t.doesNotThrow(() => {
    for (let line = 0; line < 5_000; line++) log.info({ line }, 'a line that is lost')
  })
})

t.test(
  'it goes on when there is room, with what was kept, and says what was not',
  { skip: withoutRoot() },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'as2fs-test-log-'))
    const disk = join(directory, 'disk')
    await mkdir(disk)
    await sh(`mount -t tmpfs -o size=512k tmpfs ${disk}`)
    t.teardown(async () => {
      await run('umount', ['-l', disk])
      await rm(directory, { recursive: true })
    })
    const file = join(disk, 'as2fs.log')
    const { log } = await openLog({ level: 'info', file, style: 'json' })
    const messages = async (): Promise<string[]> =>
      (await readFile(file, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { msg: string }).msg)
    log.info('first')
    await run('sh', ['-c', `cat /dev/zero >${disk}/filling`])
    log.info('x'.repeat(5_000))
    log.info('y'.repeat(kept))
    await rm(join(disk, 'filling'))
    log.info('last')
    t.same(
      (await messages()).map((it) => it.slice(0, 5)),
      ['first', 'xxxxx', 'last', '1 lin'],
    )
  },
)

/** What a program of a few lines prints with a log at its stderr. */
async function printed(style: string, program: string): Promise<string> {
  const module = fileURLToPath(new URL('../../src/telemetry/log.js', import.meta.url))
  const text = `const { openLog } = await import('${module}')
    const { log, setLevel } = await openLog({ level: 'info', file: undefined, style: '${style}' })
    ${program}`
  const { stderr } = await run(process.execPath, ['--input-type=module', '-e', text])
  return stderr
}

t.test('the journal gets a priority before each line, by its level', async (t) => {
  const text = await printed(
    'journal',
    `log.debug('a'); log.info('b'); log.warn('c'); log.error('d'); setLevel('debug'); log.debug('e')`,
  )
  t.same(
    text
      .trim()
      .split('\n')
      .map((line) => `${line.slice(0, 4)}${(JSON.parse(line.slice(3)) as { msg: string }).msg}`),
    ['<6>{b', '<4>{c', '<3>{d', '<7>{e'],
  )
})

t.test('a terminal gets words, and no control characters of others', async (t) => {
  const text = await printed(
    'pretty',
    String.raw`log.warn({ key: 'a\u001b[2Jb', folder: 'c:\\u0007' }, 'Something \u0007 rang.')`,
  )
  t.match(text, /WARN.*: .*Something \\u0007 rang\./)
  t.match(text, /a\\u001b\[2Jb/)
  t.notMatch(text, /\u0007|\u001b\[2J/)
})
