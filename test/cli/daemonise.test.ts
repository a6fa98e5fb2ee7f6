/** What the one who mounts without -f gets to see. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { startInBackground } from '../../src/cli/daemonise.js'
import { TextIo } from '../helpers/text-io.js'
import { until } from '../helpers/until.js'

/** A daemon in a few words of JavaScript. */
function program(script: string): [string, ...string[]] {
  return [process.execPath, '-e', script, '--']
}

t.test('it returns when the child is ready, which goes on alone', async (t) => {
  const directory = t.testdir()
  const logFile = join(directory, 'log')
  const script = `
    process.send({ kind: 'ready' }, () => process.disconnect())
    process.on('disconnect', () => { console.log('alone', process.argv.slice(1).join(' ')) })`
  const code = await startInBackground(
    { args: ['mount', 'b'], mountpoint: '/', logFile },
    new TextIo({ program: program(script) }),
  )
  t.equal(code, 0)
  await until('the child’s last words', async () => (await readFile(logFile, 'utf8')) === 'alone mount b\n')
})

t.test('the child’s sentence is the parent’s', async (t) => {
  const logFile = join(t.testdir(), 'log')
  const io = new TextIo({ program: program(`process.send({ kind: 'failed', sentence: 'There is no bucket.' })`) })
  await t.rejects(startInBackground({ args: [], mountpoint: '/', logFile }, io), {
    name: 'UsageError',
    message: 'There is no bucket.',
  })
})

t.test('a child that dies without a word is said, with the end of its log', async (t) => {
  const logFile = join(t.testdir({ log: 'from yesterday\n' }), 'log')
  const io = new TextIo({ program: program(`console.error('out of \\x1b[1mluck'); process.exit(3)`) })
  await t.rejects(startInBackground({ args: [], mountpoint: '/', logFile }, io), {
    message: `The daemon ended without a word (exit code 3). The end of its log, ${logFile}:\n  out of \uFFFD[1mluck`,
  })
})

t.test('a log that can’t be written is said before anything is started', async (t) => {
  const io = new TextIo({ program: ['/bin/false'] })
  await t.rejects(startInBackground({ args: [], mountpoint: '/', logFile: '/proc/none/log' }, io), {
    message: /^The log file \/proc\/none\/log can't be written \(ENOENT\)/,
  })
})
