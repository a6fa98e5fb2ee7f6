/** Programs that empty a folder, each by the system calls that it makes: what it expects of new/ is so. */
import {
  access,
  chmod,
  constants,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { outcome } from '../helpers/filesystem-world.js'
import { first, inNew, mountReceived, names, newPath, second, third } from '../helpers/new-mounted.js'
import type { Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'

/** Unlinks the target if there is one, makes its folder, and renames. */
async function camelMoves(mounted: Mounted, folder: string, name: string): Promise<void> {
  const target = newPath(mounted, folder, name)
  await unlink(target).catch(() => undefined)
  await mkdir(newPath(mounted, folder)).catch(() => undefined)
  await rename(newPath(mounted, name), target)
}

t.test('Apache Camel with its defaults: a marker beside the file, then a move to .camel', async (t) => {
  const mounted = await mountReceived(t)
  await writeFile(newPath(mounted, `${third}.camelLock`), '')
  for (const name of (await inNew(mounted)).filter((it) => it.endsWith('.camelLock')))
    await unlink(newPath(mounted, name))
  for (const name of await inNew(mounted)) {
    const marker = await open(newPath(mounted, `${name}.camelLock`), 'wx')
    await marker.close()
    t.equal(await outcome(open(newPath(mounted, `${name}.camelLock`), 'wx')), 'EEXIST', 'another consumer skips it')
    t.match(await readFile(newPath(mounted, name), 'utf8'), /content/)
    await camelMoves(mounted, '.camel', name)
    await unlink(newPath(mounted, `${name}.camelLock`))
  }
  t.same(await inNew(mounted), ['.camel'])
  t.same(await inNew(mounted, '.camel'), names)
})

t.test('Apache Camel with readLock=rename, changed and fileLock, then delete', async (t) => {
  const mounted = await mountReceived(t)
  const locked = `${first}.camelExclusiveReadLock`
  await rename(newPath(mounted, first), newPath(mounted, locked))
  await rename(newPath(mounted, locked), newPath(mounted, first))
  const [before, after] = [await stat(newPath(mounted, first)), await stat(newPath(mounted, first))]
  t.same([after.size, after.mtimeMs], [before.size, before.mtimeMs])
  await (await open(newPath(mounted, first), 'r+')).close()
  await unlink(newPath(mounted, first))
  await camelMoves(mounted, '.error', second)
  t.same(await inNew(mounted), ['.error', third])
})

t.test('Spring Integration and Mule: opened for reading and writing, locked, then removed', async (t) => {
  const mounted = await mountReceived(t)
  const nio =
    'import fcntl,os,sys\nf=os.open(sys.argv[1],os.O_RDWR)\nfcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB)\nprint(os.read(f,99).decode())\nos.unlink(sys.argv[1])'
  t.equal((await run('python3', ['-c', nio, newPath(mounted, first)])).stdout, 'content of order_1.edi\n')
  t.same(await inNew(mounted), [second, third])
})

t.test('WSO2: makes NAME.lock, writes a number, reads it back, removes it, and deletes the file', async (t) => {
  const mounted = await mountReceived(t)
  const lock = newPath(mounted, `${first}.lock`)
  t.equal(await outcome(stat(lock)), 'ENOENT')
  await writeFile(lock, '8675309')
  t.equal(await readFile(lock, 'utf8'), '8675309')
  await access(newPath(mounted), constants.W_OK)
  await access(newPath(mounted, first), constants.W_OK)
  await unlink(lock)
  await unlink(newPath(mounted, first))
  t.same(await inNew(mounted), [second, third])
})

t.test(
  'SAP PI: takes those it may write, in the order of names, and makes them read-only when they are done',
  async (t) => {
    const mounted = await mountReceived(t)
    const writable = async (): Promise<string[]> => {
      const found: string[] = []
      for (const it of await inNew(mounted))
        if ((await outcome(access(newPath(mounted, it), constants.W_OK))) === 'ok') found.push(it)
      return found
    }
    t.same(await writable(), names)
    for (const it of [first, second]) await chmod(newPath(mounted, it), 0o444)
    t.same(await writable(), [third])
    await mounted.kill('SIGKILL')
    await mounted.mount()
    t.same(await writable(), [third])
  },
)

t.test('BizTalk: renames to NAME.BTS-WIP, back if it fails, else deletes', async (t) => {
  const mounted = await mountReceived(t)
  const claimed = newPath(mounted, `${first}.BTS-WIP`)
  await rename(newPath(mounted, first), claimed)
  await rename(claimed, newPath(mounted, first))
  await rename(newPath(mounted, first), claimed)
  await unlink(claimed)
  t.same(await inNew(mounted), [second, third])
})

t.test(
  'IBM ACE and Oracle: a folder for what is in work, renamed into with a prefix, then archived or removed',
  async (t) => {
    const mounted = await mountReceived(t)
    for (const folder of ['mqsitransitin', 'mqsiarchive']) await mkdir(newPath(mounted, folder))
    await rename(newPath(mounted, first), newPath(mounted, 'mqsitransitin', `77_${first}`))
    await rename(newPath(mounted, 'mqsitransitin', `77_${first}`), newPath(mounted, 'mqsiarchive', first))
    t.same(await inNew(mounted, 'mqsiarchive'), [first])
    t.same(await inNew(mounted), [second, third, 'mqsiarchive', 'mqsitransitin'])
  },
)

t.test('OpenAS2: opens for appending and closes at each poll, which changes nothing, then moves away', async (t) => {
  const mounted = await mountReceived(t)
  for (let i = 0; i < 2; i += 1) await (await open(newPath(mounted, first), 'a')).close()
  t.equal((await stat(newPath(mounted, first))).size, 22)
  await sh(`mv '${newPath(mounted, first)}' '${t.testdir()}'`)
  t.same(await inNew(mounted), [second, third])
})

t.test('rsync --remove-source-files', async (t) => {
  const mounted = await mountReceived(t)
  const to = t.testdir()
  await lstat(newPath(mounted, first))
  const { code, stderr } = await run('rsync', ['-a', '--remove-source-files', `${newPath(mounted)}/`, to])
  t.equal(code, 0, stderr)
  t.same((await readdir(to)).sort(), names)
  t.same(await inNew(mounted), [])
})

t.test('lftp mirror --Remove-source-files', async (t) => {
  const mounted = await mountReceived(t)
  const home = t.testdir({ to: {} })
  const to = join(home, 'to')
  const commands = `set xfer:log 0; mirror --Remove-source-files file:${newPath(mounted)} file:${to}; exit`
  const { stderr } = await run('lftp', ['-c', commands], { env: { ...process.env, HOME: home } })
  t.same(await inNew(mounted), [], stderr)
  t.same((await readdir(to)).sort(), names)
})

t.test('cron and mv, find -delete, find -exec', async (t) => {
  const mounted = await mountReceived(t)
  const to = t.testdir()
  await sh(`find '${newPath(mounted)}' -name '*_1.edi' -exec mv {} '${to}' ';'`)
  t.equal(await readFile(join(to, first), 'utf8'), 'content of order_1.edi')
  t.same(await inNew(mounted), [second, third])
  await sh(`find '${newPath(mounted)}' -type f -delete`)
  t.same(await inNew(mounted), [])
})

t.test('two consumers that race share the files between them, each file once', async (t) => {
  const objects = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`AS2/files/ACME/GLOBEX/inbox/${1_000 + i}/f.edi`, `${i}`]),
  )
  const mounted = await mountReceived(t, { objects })
  const consumer = `
import os, sys
os.chdir(sys.argv[1]); mine = sys.argv[2]; os.makedirs(mine, exist_ok=True)
for name in sorted(os.listdir('.')):
    if not name.endswith('.edi'): continue
    try: os.rename(name, mine + '/' + name)
    except FileNotFoundError: continue
    print(open(mine + '/' + name).read()); os.unlink(mine + '/' + name)
`
  const got = await Promise.all(['a', 'b'].map((it) => run('python3', ['-c', consumer, newPath(mounted), it])))
  const all = got.flatMap((it) => it.stdout.trim().split('\n')).filter((it) => it !== '')
  t.same(
    all.map(Number).sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, i) => i),
    got.map((it) => it.stderr).join(''),
  )
  t.same(await inNew(mounted), ['a', 'b'])
})
