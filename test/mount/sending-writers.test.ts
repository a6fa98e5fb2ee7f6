/** Who has a file open, and how it ends: only what its last writer closed itself is sent. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { compiled } from '../helpers/compiled.js'
import { mount, type Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX']
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`

/** Runs a program until a file has some bytes, and ends it with a signal. */
async function killed(
  mounted: Mounted,
  name: string,
  program: readonly string[],
  signal: NodeJS.Signals,
): Promise<void> {
  const [command = '', ...args] = program
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => undefined).write('x'.repeat(100_000))
  await until(`${name} to have bytes`, async () =>
    (await sendRows(mounted)).some((row) => row.path === name && row.state === 'open' && row.size > 0),
  )
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

t.test('a writer that a signal ends in the middle: held, and never sent by itself', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  const programs: Readonly<Record<string, readonly string[]>> = {
    'cat.edi': ['sh', '-c', `exec cat > ${send}/cat.edi`],
    'dd.edi': ['dd', `of=${send}/dd.edi`, 'bs=1000'],
    'tee.edi': ['tee', `${send}/tee.edi`],
    'python.edi': [
      ...['python3', '-c'],
      `import sys, time
f = open('${send}/python.edi', 'wb', 0)
f.write(b'half')
time.sleep(100)`,
    ],
  }
  for (const [name, program] of Object.entries(programs)) {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const file = `${signal}-${name}`
      const renamed = program.map((it) => it.replace(`/${name}`, `/${file}`))
      await killed(mounted, file, renamed, signal)
      t.match(await inState(mounted, file, 'held'), { reason: 'killed' }, `${file} by ${signal}`)
    }
  }
  await writeFile(join(send, 'marker.edi'), 'sent after them')
  await mounted.inBucket(key('marker.edi'))
  t.same(mounted.puts(), [key('marker.edi')])
  await t.test('written anew from its beginning it is sent', async (t) => {
    await writeFile(join(send, 'SIGKILL-tee.edi'), 'whole')
    t.equal((await mounted.inBucket(key('SIGKILL-tee.edi'))).toString(), 'whole')
  })
  await t.test('a crash later changes nothing', async (t) => {
    await mounted.kill('SIGKILL')
    await mounted.mount()
    const held = (await sendRows(mounted)).filter((row) => row.state === 'held')
    t.equal(held.length, 7)
    t.ok(held.every((row) => row.reason === 'killed'))
  })
})

t.test('a process that only inherited the file, and that a signal ends, changes nothing', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  const scripts: Readonly<Record<string, readonly [script: string, content: string]>> = {
    'group.csv': [`{ yes | head -2; } > FILE 2>&1`, 'y\ny\n'],
    'subshell.csv': [`( yes | head -2 ) > FILE 2>&1`, 'y\ny\n'],
    'twice.csv': [`{ seq 1 99999 | head -1; yes | head -1; } > FILE 2>&1`, '1\ny\n'],
    'descriptor.csv': [`exec 3>FILE; seq 1 99999 | head -2 >&3; exec 3>&-`, '1\n2\n'],
    'background.csv': [`{ sleep 100 & echo a; kill -9 $!; wait; echo b; } > FILE 2>/dev/null; true`, 'a\nb\n'],
    'timeout.csv': [`{ timeout -s KILL 0.1 sleep 100; echo done; } > FILE 2>/dev/null`, 'done\n'],
    'append.csv': [`echo a > FILE; { yes | head -1; } >> FILE 2>&1`, 'a\ny\n'],
  }
  for (const shell of ['bash', 'dash']) {
    for (const [name, [script, content]] of Object.entries(scripts)) {
      const file = `${shell}-${name}`
      await run(shell, ['-c', script.replaceAll('FILE', `${send}/${file}`)])
      t.equal((await mounted.inBucket(key(file))).toString(), content, file)
    }
  }
  await python(`
import subprocess
with open('${send}/python.csv', 'wb') as f:
    f.write(b'whole')
    f.flush()
    child = subprocess.Popen(['sleep', '100'], stdout=f)
    child.kill()
    child.wait()
`)
  t.equal((await mounted.inBucket(key('python.csv'))).toString(), 'whole')
})

t.test('one that opened it or wrote to it, though another closes it in the end: held', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  const scripts: Readonly<Record<string, string>> = {
    'writer.csv': `exec 3>FILE; echo a >&3; sh -c 'echo b; kill -9 $$' >&3; exec 3>&-`,
    'opener.csv': `sh -c 'exec 3>FILE; (sleep 0.3; echo late >&3) & echo a >&3; kill -9 $$'`,
  }
  for (const shell of ['bash', 'dash']) {
    for (const [name, script] of Object.entries(scripts)) {
      const file = `${shell}-${name}`
      await run(shell, ['-c', script.replaceAll('FILE', `${send}/${file}`)])
      t.match(await inState(mounted, file, 'held'), { reason: 'killed' }, file)
    }
  }
  await python(`
import os, signal, threading, time
def write():
    f = os.open('${send}/threads.csv', os.O_CREAT | os.O_WRONLY)
    os.write(f, b'half')
t = threading.Thread(target=write)
t.start()
t.join()
os.kill(os.getpid(), signal.SIGKILL)
`)
  t.match(await inState(mounted, 'threads.csv', 'held'), { reason: 'killed' }, 'a thread that had ended')
  await python(`
import mmap, os, signal
f = os.open('${send}/mapping.csv', os.O_CREAT | os.O_RDWR)
os.ftruncate(f, 10000)
m = mmap.mmap(f, 10000)
m[0:5] = b'half '
os.kill(os.getpid(), signal.SIGKILL)
`)
  t.match(await inState(mounted, 'mapping.csv', 'held'), { reason: 'killed' }, 'through a mapping')
  await later(mounted, 'marker.edi')
  t.same(mounted.puts(), [key('marker.edi')])
})

t.test(
  'a file that only a ring (io_uring) has: sent once it is closed there, and held where its writer ends without',
  async (t) => {
    const mounted = await mount(t, { flags })
    const program = await compiled(t, 'ring-writer.c')
    const path = (name: string) => mounted.path('ACME/GLOBEX/send', name)
    const { code } = await run(program, [join(mounted.directory, 'try'), 'opened', 'left'])
    if (code === 77) {
      t.comment('this kernel has no io_uring for us: nothing to try')
      return
    }
    for (const how of ['opened', 'registered']) {
      const writer = spawn(program, [path(`${how}-closed.edi`), how, 'closed'], {
        stdio: ['pipe', 'ignore', 'inherit'],
      })
      const ended = once(writer, 'exit')
      t.equal((await mounted.inBucket(key(`${how}-closed.edi`))).toString(), 'half')
      writer.stdin.end()
      t.same(await ended, [0, null])
      for (const end of ['killed', 'left']) {
        await run(program, [path(`${how}-${end}.edi`), how, end])
        t.match(await inState(mounted, `${how}-${end}.edi`, 'held'), { reason: 'killed', size: 4 })
      }
    }
    t.same(mounted.puts().sort(), [key('opened-closed.edi'), key('registered-closed.edi')])
  },
)

t.test('a writer that is killed after its close, or whose child goes on: what was closed is sent', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  await sh(`sh -c 'echo whole > ${send}/after.edi; kill -9 $$' || true`)
  t.equal((await mounted.inBucket(key('after.edi'))).toString(), 'whole\n')
  await sh(`(echo one; (sleep 0.5; echo two) & ) > ${send}/background.edi`)
  t.equal((await mounted.inBucket(key('background.edi'))).toString(), 'one\ntwo\n', 'with what came from behind')
  await sh(`{ echo a; { echo b; sh -c 'echo c; exec sh -c "echo d"'; } | cat; } > ${send}/pipeline.edi`)
  t.equal((await mounted.inBucket(key('pipeline.edi'))).toString(), 'a\nb\nc\nd\n')
  t.equal(mounted.puts().length, 3)
})

/** A named pipe: a program that reads it waits until something is written to it. */
async function gate(t: Test, name: string): Promise<string> {
  const path = join(t.testdir(), name)
  await sh(`mkfifo ${path}`)
  return path
}

/** What was closed before is due by then. */
async function later(mounted: Mounted, name: string): Promise<void> {
  await writeFile(mounted.path('ACME/GLOBEX/send', name), 'marker')
  await mounted.inBucket(key(name))
}

/** Forks twice, so that the writer is nobody's child, and closes its own descriptor. */
const daemon = (path: string, pipe: string) => `
import os
f = os.open('${path}', os.O_CREAT | os.O_WRONLY)
os.write(f, b'half ')
if os.fork() == 0:
    if os.fork() == 0:
        open('${pipe}').read()
        os.write(f, b'and whole')
        os.close(f)
    os._exit(0)
os.wait()
os.close(f)
`

t.test('a writer out of sight: nothing is sent before it has closed, and nothing half after a crash', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  const pipe = await gate(t, 'gate')
  await python(daemon(`${send}/daemon.edi`, pipe))
  await later(mounted, 'marker.edi')
  t.same(mounted.puts(), [key('marker.edi')])
  await writeFile(pipe, '')
  t.equal((await mounted.inBucket(key('daemon.edi'))).toString(), 'half and whole')
  await python(daemon(`${send}/crash.edi`, pipe))
  await mounted.kill('SIGKILL')
  await mounted.mount()
  t.match(await inState(mounted, 'crash.edi', 'held'), { reason: 'crash', size: 5 })
  t.same(mounted.puts(), [key('marker.edi'), key('daemon.edi')])
  await writeFile(pipe, '')
})

t.test('a mapping that outlives the descriptor: what is written through it later is sent too', async (t) => {
  const mounted = await mount(t, { flags })
  const path = mounted.path('ACME/GLOBEX/send/mapped.edi')
  // Two: who opens one again may meet the reader of before, and is let go by nobody.
  const [first, second] = [await gate(t, 'first'), await gate(t, 'second')]
  const program = python(`
import mmap, os
f = os.open('${path}', os.O_CREAT | os.O_RDWR)
os.write(f, b'.' * 10000)
m = mmap.mmap(f, 10000)
os.close(f)
open('${first}').read()
m[0:5] = b'later'
m.flush()
open('${second}').read()
m[9995:10000] = b'still'
m.close()
`)
  // The pipe has a reader when it can be opened: the program has come so far.
  for (const [pipe, marker] of [
    [first, 'one.edi'],
    [second, 'two.edi'],
  ] as const) {
    const opened = await open(pipe, 'w')
    await later(mounted, marker)
    await opened.close()
  }
  await program
  const bytes = (await mounted.inBucket(key('mapped.edi'))).toString()
  t.equal(bytes, `later${'.'.repeat(9990)}still`)
  t.same(mounted.puts(), ['one.edi', 'two.edi', 'mapped.edi'].map(key))
})

t.test('a mapping that has outlived its descriptor at a crash: held', async (t) => {
  const mounted = await mount(t, { flags })
  const path = mounted.path('ACME/GLOBEX/send/mapped.edi')
  // Python's own mappings have a descriptor each.
  const program = spawn('python3', [
    '-c',
    `
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
f = os.open('${path}', os.O_CREAT | os.O_RDWR)
os.ftruncate(f, 10000)
libc.mmap(None, 10000, 3, 1, f, ctypes.c_long(0))
os.close(f)
print('closed', flush=True)
sys.stdin.read()
`,
  ])
  t.teardown(() => program.kill('SIGKILL'))
  await once(program.stdout, 'data')
  await mounted.kill('SIGKILL')
  await mounted.mount()
  t.match(await inState(mounted, 'mapped.edi', 'held'), { reason: 'crash', size: 10_000 })
  t.same(mounted.puts(), [])
})

t.test('a name that is submitted is not promised again', async (t) => {
  const mounted = await mount(t, { flags })
  const path = mounted.path('ACME/GLOBEX/send/order.edi')
  await writeFile(path, 'first')
  await inState(mounted, 'order.edi', 'submitted')
  await refused(t, 'EPERM', () => open(path, 'w'))
  await refused(t, 'EPERM', () => open(path, 'a'))
  await refused(t, 'EPERM', () => truncate(path, 0))
  await writeFile(`${path}.tmp`, 'second')
  await refused(t, 'EEXIST', () => rename(`${path}.tmp`, path))
  t.equal(await readFile(path, 'utf8'), 'first')
  t.equal(mounted.puts().length, 1)
})

async function refused(t: Test, code: string, act: () => Promise<unknown>): Promise<void> {
  await t.rejects(act(), { code })
}

async function python(script: string): Promise<void> {
  const child = spawn('python3', ['-c', script], { stdio: 'ignore' })
  await once(child, 'exit')
}
