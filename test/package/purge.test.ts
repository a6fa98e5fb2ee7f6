/** A purge of the package leaves what was not sent, wherever it stands, and says so. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { mostContent } from '../../src/send/life/contents.js'
import { run } from '../helpers/run.js'
import { globex, path, senderWorld, type SenderWorld, never } from '../helpers/sender-world.js'

const script = fileURLToPath(new URL('../../../packaging/debian/postrm', import.meta.url))
const settle = 3_600_000

/** On a machine of which all is in a folder. @returns what it says, and which states are left */
async function purged(t: Test, world: SenderWorld): Promise<{ said: string; left: readonly string[] }> {
  const root = t.testdir({ var: { lib: {} }, etc: { systemd: { system: {} } } })
  const states = join(root, 'var/lib/as2fs')
  await mkdir(join(states, 'mine'), { recursive: true })
  await cp(world.directory, join(states, 'mine/spool'), { recursive: true })
  const text = (await readFile(script, 'utf8')).replaceAll(/(?<![\w"$}])\/(var|etc|run)\//g, `${root}/$1/`)
  const copy = join(root, 'postrm')
  // Others mount here meanwhile.
  await writeFile(copy, text.replace('/proc/self/mounts', '/dev/null'))
  const { code, stdout, stderr } = await run('sh', [copy, 'purge'])
  t.same({ code, stderr }, { code: 0, stderr: '' })
  return { said: stdout, left: await readdir(states).catch(() => []) }
}

const works: Readonly<Record<string, readonly [work: (world: SenderWorld) => Promise<unknown>, isLeft: boolean]>> = {
  'nothing was ever written': [async () => undefined, false],
  'a small file waits, and the daemon was killed': [(world) => world.write('waits.edi', 'x'), true],
  'a large file waits': [(world) => world.write('waits.edi', 'x'.repeat(mostContent + 1)), true],
  'all was sent': [
    async (world) => {
      await world.write('sent.edi', 'x')
      await world.sender.retry(world.row('sent.edi')!.id, never())
      await world.inState('sent.edi', 'submitted')
    },
    false,
  ],
  'what waited was removed': [
    async (world) => {
      await world.write('removed.edi', 'x')
      await world.sender.unlink(globex, path('removed.edi'), never())
    },
    false,
  ],
  'one was sent, and another waits under another name': [
    async (world) => {
      for (const name of ['sent.edi', 'first.edi']) await world.write(name, 'x')
      await world.sender.retry(world.row('sent.edi')!.id, never())
      await world.inState('sent.edi', 'submitted')
      await world.sender.rename(globex, path('first.edi'), path('waits.edi'), new AbortController().signal)
    },
    true,
  ],
}

for (const [what, [work, isLeft]] of Object.entries(works)) {
  t.test(what, async (t) => {
    const world = await senderWorld(t, { settle })
    await work(world)
    world.cutOff()
    const { said, left } = await purged(t, world)
    t.same(left, isLeft ? ['mine'] : [])
    if (isLeft)
      t.match(said, /mine stays: it has what was written to send\/, and not sent[^\n]*\n {2}ACME\/GLOBEX\/waits\.edi\n/)
    t.notMatch(said, isLeft ? /sent\.edi\n/ : /stays: it has what was written/)
  })
}
