/** Writers that are killed where that is hard to see: nothing half-written is sent all the same. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { compiled } from '../helpers/compiled.js'
import { mount, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { inState } from '../helpers/send-state.js'

const flags = ['--station', 'ACME/GLOBEX']
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`
const path = (mounted: Mounted, name: string) => mounted.path('ACME/GLOBEX/send', name)

/** Ends with whatever it is asked to, and has `f` open. */
const withFile = (file: string, end: string): string => `
import os, signal, sys, threading, time
f = os.open('${file}', os.O_CREAT | os.O_RDWR)
os.write(f, b'half')
def wait():
    while True: time.sleep(100)
def others():
    for _ in range(3): threading.Thread(target=wait, daemon=True).start()
${end}
`

/** What is closed after all others is in the bucket: so are they, or not at all. */
async function othersAreDone(mounted: Mounted): Promise<void> {
  await writeFile(path(mounted, 'marker.edi'), 'sent after them')
  await mounted.inBucket(key('marker.edi'))
}

t.test('where the daemon may not trace others, and is not told by which signal one ends', async (t) => {
  // As in a container that was given no more than it needs to mount.
  const launcher = ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace']
  const mounted = await mount(t, { flags, launcher })
  const ends: Readonly<Record<string, readonly [end: string, isSent: boolean]>> = {
    'killed.edi': ['os.kill(os.getpid(), signal.SIGKILL)', false],
    'ended.edi': ['os.kill(os.getpid(), signal.SIGTERM)', false],
    'killed-threads.edi': ['others()\nos.kill(os.getpid(), signal.SIGKILL)', false],
    'exit.edi': ['os._exit(0)', true],
    'error.edi': ['os._exit(3)', true],
    'exit-threads.edi': ['others()\nos._exit(0)', true],
    'closed.edi': ['os.close(f)\nos.kill(os.getpid(), signal.SIGKILL)', true],
  }
  for (const [name, [end, isSent]] of Object.entries(ends)) {
    await run('python3', ['-c', withFile(path(mounted, name), end)])
    if (isSent) t.equal((await mounted.inBucket(key(name))).toString(), 'half', name)
    else t.match(await inState(mounted, name, 'held'), { reason: 'killed' }, name)
  }
  await othersAreDone(mounted)
  t.same(new Set(mounted.puts()), new Set([...Object.keys(ends).filter((it) => ends[it]?.[1]), 'marker.edi'].map(key)))
})

t.test('through a mapping whose descriptor was closed before', async (t) => {
  const mounted = await mount(t, { flags })
  const program = await compiled(t, 'mapping-writer.c')
  for (const how of ['dirty', 'synced']) {
    const name = `${how}.edi`
    await run(program, [path(mounted, name), how, 'killed'])
    t.match(await inState(mounted, name, 'held'), { reason: 'killed' }, name)
  }
  for (const how of ['dirty', 'synced']) {
    const name = `${how}-whole.edi`
    const writer = spawn(program, [path(mounted, name), how, 'unmapped'], { stdio: ['pipe', 'ignore', 'inherit'] })
    t.equal((await mounted.inBucket(key(name))).toString('latin1', 0, 4), 'half')
    const ended = once(writer, 'exit')
    writer.stdin.end()
    t.same(await ended, [0, null])
  }
  await othersAreDone(mounted)
  t.same(mounted.puts(), [key('dirty-whole.edi'), key('synced-whole.edi'), key('marker.edi')])
})

t.test('a process that shares its descriptors with the one that closes them', async (t) => {
  const mounted = await mount(t, { flags })
  const program = await compiled(t, 'table-sharer.c')
  for (const who of ['opener', 'child']) {
    const { code, stderr } = await run(program, [path(mounted, `${who}.edi`), who])
    t.same({ code, stderr }, { code: 0, stderr: '' })
    t.match(await inState(mounted, `${who}.edi`, 'held'), { reason: 'killed' }, who)
  }
  await othersAreDone(mounted)
  t.same(mounted.puts(), [key('marker.edi')])
})
