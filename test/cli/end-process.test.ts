/** A process ends at once though a call in one of its threads never does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../helpers/run.js'

const module = new URL('../../src/cli/end-process.js', import.meta.url).href
const ending = `
  const { endAtOnce, wouldHang } = await import('${module}')
  process.stdout.write(String(await wouldHang()))
  if (process.argv[1] === 'at once') await endAtOnce()
  process.exit(0)`
const script = (before: string): string[] => ['--input-type=module', '-e', before + ending]

t.test('who waits for nothing ends in order', async (t) => {
  t.match(await run(process.execPath, script('')), { code: 0, stdout: 'false' })
})

t.test('what hangs in a thread holds nobody up', async (t) => {
  const pipe = join(t.testdir({}), 'pipe')
  t.match(await run('mkfifo', [pipe]), { code: 0 })
  // Nobody ever writes to it, so that open(2) never returns.
  const before = `import { open } from 'node:fs/promises'; void open(${JSON.stringify(pipe)}, 'r');`
  const child = spawn(process.execPath, [...script(before), 'at once'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
  t.same(await once(child, 'close'), [null, 'SIGTERM'])
  t.equal(shown, 'true')
})
