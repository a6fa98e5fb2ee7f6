/** Completions, asked of the shells themselves. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { commands } from '../../src/cli/commands.js'
import { mountOptions, optionNames } from '../../src/cli/options.js'
import { main } from '../../src/cli/main.js'
import { mount } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { TextIo } from '../helpers/text-io.js'

const capture = fileURLToPath(new URL('../../../test/helpers/zsh-completions.zsh', import.meta.url))
const folder = t.testdir({ places: { folder: {}, 'file.csv': '' } })
const scripts = { bash: join(folder, 'as2fs.bash'), zsh: join(folder, '_as2fs'), fish: join(folder, 'as2fs.fish') }
for (const [shell, file] of Object.entries(scripts)) {
  const io = new TextIo()
  t.equal(await main(['completion', shell], io), 0)
  await writeFile(file, io.stdout)
}

/** What a shell offers behind a line. */
type Ask = (line: string) => Promise<string[]>

const bash: Ask = async (line) => {
  const words = line.split(/(?<==)|(?==)| /).map((word) => `'${word}'`)
  const script = `compopt() { :; }; source ${scripts.bash}; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _as2fs; printf '%s\\n' "\${COMPREPLY[@]}"`
  return lines(await sh(`bash -c "$SCRIPT"`, { cwd: join(folder, 'places'), env: { ...process.env, SCRIPT: script } }))
}

const fish: Ask = async (line) => {
  const script = `source ${scripts.fish}; complete -C "$LINE"`
  const env = {
    ...process.env,
    LINE: line,
    SCRIPT: script,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
  }
  const said = await sh(`fish --no-config -c "$SCRIPT"`, { cwd: join(folder, 'places'), env })
  // Behind a tab there is what it means.
  return lines(said).map((it) => it.replace(/\t.*$/, '').replace(/^--[^=]+=/, ''))
}

const zsh: Ask = async (line) => {
  const said = await run('zsh', ['-f', capture, folder, line], { cwd: join(folder, 'places') })
  return lines(said.stdout)
}

function lines(text: string): string[] {
  return text.split('\n').filter((it) => it !== '')
}

t.test('each shell takes its own', async (t) => {
  for (const [shell, file] of Object.entries(scripts)) {
    t.match(await run(shell, ['-n', file]), { code: 0, stdout: '', stderr: '' }, shell)
  }
})

for (const [shell, ask] of Object.entries({ bash, zsh, fish })) {
  t.test(`${shell} offers all commands, and all options of each`, async (t) => {
    t.same(new Set(await ask('as2fs ')), new Set(commands.map(({ name }) => name)))
    t.same(await ask('as2fs umo'), ['umount'])
    for (const { name, options } of commands) {
      const long = options.map((it) => it.name).filter((it) => it.length > 1)
      t.same(new Set(await ask(`as2fs ${name} --`)), new Set([...long, 'help'].map((it) => `--${it}`)), name)
    }
  })

  t.test(`${shell} offers what an option may be`, async (t) => {
    for (const name of optionNames) {
      const { choices } = mountOptions[name]
      if (choices) t.same(new Set(await ask(`as2fs mount --${name} `)), new Set(choices), name)
    }
    t.same(await ask('as2fs mount --commit=re'), ['rename'])
    t.same(await ask('as2fs mount bucket --commit rename --empty s'), ['send'])
    t.same(await ask('as2fs deliveries /mnt --state over'), ['overdue'])
    t.same(await ask('as2fs mount --list-ttl '), [], 'a time is nothing to be guessed')
    t.match(await ask('as2fs mount --credentials-csv f'), ['file.csv'])
    t.match(await ask('as2fs mount --state-dir f'), [/^folder\/?$/])
  })

  t.test(`${shell} offers what a word may be, by its place`, async (t) => {
    t.same(new Set(await ask('as2fs completion ')), new Set(['bash', 'zsh', 'fish']))
    t.match(await ask('as2fs mount bucket f'), [/^folder\/?$/])
    t.match(await ask('as2fs mount --drain 5s bucket f'), [/^folder\/?$/])
    t.same(await ask('as2fs mount buc'), [], 'nobody knows which bucket')
    t.same(new Set(await ask('as2fs queue /mnt re')), new Set(['retry', 'release']))
  })
}

t.test('mountpoints are told by the kernel, and not touched', async (t) => {
  const mounted = await mount(t)
  for (const ask of [bash, zsh, fish]) {
    for (const command of ['umount', 'status', 'queue', 'new', 'deliveries', 'events']) {
      t.same(await ask(`as2fs ${command} ${mounted.mountpoint.slice(0, -1)}`), [mounted.mountpoint], command)
    }
  }
})
