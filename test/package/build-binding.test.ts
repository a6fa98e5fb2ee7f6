/** `scripts/build-binding`, with compilers that are played: when it compiles, and what it says where it can't. */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { run, type Outcome } from '../helpers/run.js'

const project = fileURLToPath(new URL('../../../', import.meta.url))

/** What is compiled, in a folder of its own. */
interface Copy {
  readonly folder: string
  readonly whyNot: string
  /** @param compiler a shell script; it gets the compiler's arguments */
  build(compiler: string): Promise<Outcome>
}

async function copyOfSources(t: Test, { headers = true } = {}): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), 'as2fs-test-build-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const build = join(project, 'native/build')
  for (const part of ['native', 'scripts/build-binding']) {
    await cp(join(project, part), join(folder, part), { recursive: true, filter: (source) => source !== build })
  }
  await mkdir(join(folder, 'node_modules'))
  const name = 'node_modules/node-api-headers'
  if (headers) await symlink(join(project, name), join(folder, name))
  const compiler = join(folder, 'compiler')
  return {
    folder,
    whyNot: join(folder, 'native/build/why-not'),
    build: async (script) => {
      await writeFile(compiler, `#!/bin/sh\n${script}\n`)
      await chmod(compiler, 0o755)
      return run(join(folder, 'scripts/build-binding'), [], { env: { ...process.env, CC: compiler } })
    },
  }
}

/** Counts its runs, and makes what any Node can load: what was compiled here, or else nothing. */
function compilerThatCounts(folder: string): string {
  const made = join(project, 'native/build/Release/kernel.node')
  return `echo run >>'${folder}/runs'; while [ "$1" != -o ]; do shift; done; cp '${made}' "$2"`
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

t.test('what has not changed is not compiled again; a changed source is, whichever', async (t) => {
  const copy = await copyOfSources(t)
  const compiler = compilerThatCounts(copy.folder)
  const runs = async (): Promise<number> =>
    (await readFile(join(copy.folder, 'runs'), 'utf8')).trim().split('\n').length
  t.match(await copy.build(compiler), { code: 0, stdout: '', stderr: '' })
  t.match(await copy.build(compiler), { code: 0, stdout: '', stderr: '' })
  t.equal(await runs(), 1)
  const sources = ['native/nodes.c', 'native/session.h', 'native/node/loop.h', 'native/node/answers.c']
  for (const [before, source] of sources.entries()) {
    await writeFile(join(copy.folder, source), '// changed\n', { flag: 'a' })
    await copy.build(compiler)
    t.equal(await runs(), before + 2, source)
  }
  t.equal(await isThere(copy.whyNot), false)
})

t.test(
  'where it can not be compiled, one sentence says why, which the daemon finds, and nothing half made is left',
  async (t) => {
    const cases: readonly (readonly [what: string, compiler: string, headers: boolean, why: RegExp])[] = [
      [
        'a header of the system is missing',
        "echo 'native/session.h:6:10: fatal error: linux/fuse.h: No such file or directory' >&2; exit 1",
        true,
        /compiler failed: native\/session\.h:6:10: fatal error: linux\/fuse\.h: No such file or directory$/,
      ],
      ['the compiler dies without a word', 'exit 137', true, /compiler failed: it said nothing$/],
      [
        'Node can not load what it made',
        'while [ "$1" != -o ]; do shift; done; echo nonsense >"$2"',
        true,
        /Node v\d+\.\d+\.\d+ can't load it: Error: .*kernel\.node: .+$/,
      ],
      ["npm's package is not there", 'exit 0', false, /npm's package node-api-headers is missing \(npm ci, then .*\)$/],
    ]
    for (const [what, compiler, headers, why] of cases) {
      const copy = await copyOfSources(t, { headers })
      const { code, stdout, stderr } = await copy.build(compiler)
      t.same({ code, stdout }, { code: 0, stdout: '' }, `${what}: the installation goes on`)
      const reason = (await readFile(copy.whyNot, 'utf8')).replace(/\n$/, '')
      t.match(reason, why, what)
      t.ok(stderr.includes(`as2fs: The binding was not compiled: ${reason}. fuse-native's own binary is used`), what)
      t.equal(await isThere(join(copy.folder, 'native/build/Release')), false, `${what}: nothing is left`)
    }
  },
)

t.test('after a failure it is tried again', async (t) => {
  const copy = await copyOfSources(t)
  await copy.build('exit 1')
  t.match(await copy.build(compilerThatCounts(copy.folder)), { code: 0, stderr: '' })
  t.equal(await isThere(copy.whyNot), false)
})
