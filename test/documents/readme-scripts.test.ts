/** The scripts of README.md do what it says. */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { inNew, mountReceived, names, received } from '../helpers/new-mounted.js'
import { run } from '../helpers/run.js'
import { readDocument } from './document.js'

/** The block of commands that has these words. */
function script(words: string): string {
  const block = readDocument('README.md').blocks.find((it) => it.text.includes(words))
  if (!block) throw new Error(`README.md has no script with ${words}`)
  return block.text
}

t.test('five lines empty new/', async (t) => {
  const mounted = await mountReceived(t)
  const [bin, imported] = [join(t.testdir(), 'bin'), join(t.testdirName, 'imported')]
  for (const it of [bin, imported]) await mkdir(it)
  await writeFile(join(bin, 'import-order'), `#!/bin/sh\ncase $1 in *_2.edi) exit 1;; esac\ncp "$1" ${imported}\n`)
  await chmod(join(bin, 'import-order'), 0o755)
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) }
  const commands = script('import-order').replaceAll('/mnt/as2', mounted.mountpoint)
  t.equal(commands.trim().split('\n').length, 5)
  await run('sh', ['-c', commands], { env })
  t.same(await inNew(mounted), names.slice(1, 2), 'what could not be imported stays')
  const [one, three] = [names[0] ?? '', names[2] ?? '']
  t.same((await readdir(imported)).sort(), [one, three])
  t.equal(await readFile(join(imported, one), 'utf8'), Object.values(received)[0])
})
