/** The log on a disk that is full: it is never in the way of what it is told of. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '../../src/telemetry/log.js'
import { withoutRoot } from '../helpers/nobody.js'
import { run, sh } from '../helpers/run.js'

t.test('a log that can’t be written fails nothing', async (t) => {
  const log = createLogger({ level: 'info', file: '/dev/full', pretty: false })
  t.doesNotThrow(() => {
    for (let line = 0; line < 5_000; line++) log.info({ line }, 'a line that is lost')
  })
})

t.test('it goes on when there is room, with what was kept', { skip: withoutRoot() }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-test-log-'))
  const disk = join(directory, 'disk')
  await mkdir(disk)
  await sh(`mount -t tmpfs -o size=64k tmpfs ${disk}`)
  t.teardown(async () => {
    await run('umount', ['-l', disk])
    await rm(directory, { recursive: true })
  })
  const file = join(disk, 'as2fs.log')
  const log = createLogger({ level: 'info', file, pretty: false })
  log.info('first')
  await run('sh', ['-c', `cat /dev/zero >${disk}/filling`])
  log.info('x'.repeat(5_000))
  await rm(join(disk, 'filling'))
  log.info('last')
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  t.same(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg.slice(0, 5)),
    ['first', 'xxxxx', 'last'],
  )
})
