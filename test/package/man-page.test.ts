/** as2fs(1): made of the same words as `--help`, and well formed. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { manPage } from '../../scripts/packaging/man-page.js'
import { commands } from '../../src/cli/commands.js'
import { run, sh } from '../helpers/run.js'

const file = join(t.testdir({}), 'as2fs.1')
await writeFile(file, manPage(commands, '9.9.9', '2026-11-28'))

t.test('mandoc has nothing against it', async (t) => {
  t.match(await run('mandoc', ['-T', 'lint', '-W', 'warning', file]), { code: 0, stdout: '', stderr: '' })
})

t.test('it has every command, every option with its default, and every example', async (t) => {
  const page = await sh(`mandoc -T utf8 -O width=1000 ${file} | col -bx`)
  t.match(page, 'as2fs 9.9.9')
  for (const { name, options, examples } of commands) {
    t.match(page, `as2fs ${name} `, name)
    for (const { name: option, help, shown } of options) {
      const words = option.length === 1 ? `-${option}` : `--${option}`
      t.ok(
        page.split('\n').some((line) => line.includes(words) || line.includes(`${words} `)),
        words,
      )
      t.ok(page.includes(help), `${words} is explained`)
      t.ok(page.includes(shown), `${words} has its default`)
    }
    for (const [line] of examples) t.ok(page.includes(line), line)
  }
})
