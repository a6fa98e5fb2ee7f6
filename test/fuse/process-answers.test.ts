/** What is told of processes that have a file open, and how much is read for it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { mountAt } from '../../src/fuse/mountinfo.js'
import { answerTo } from '../../src/fuse/callers/process-answers.js'
import { mayBeOurs, ProcessFiles } from '../../src/fuse/callers/process-files.js'
import { until } from '../helpers/until.js'
import { withoutRoot } from '../helpers/nobody.js'
import type { Caller, Closing, MountUser, Seen } from '../../src/fuse/callers/process-questions.js'

const name = 'order.edi'
/** Here a file is of ours that is where the test's files are. */
const type = await typeOf(tmpdir())

interface Asked {
  readonly answer: Closing | undefined
  /** How often something was read of a process. */
  readonly reads: number
}

/** As it is when it opens a file: it may have been another program before, with children of its own. */
function opener(pid: number): Seen {
  const caller = answerTo({ kind: 'caller', pid }, new ProcessFiles(() => undefined)) as Caller | undefined
  return [pid, caller?.faults]
}

function asked(pid: number, seen: readonly Seen[] = [opener(pid)], mayBeMapped = false, of = name): Asked {
  let reads = 0
  const files = new ProcessFiles(
    () => (reads += 1),
    (_, mount) => mount.type === type,
  )
  return {
    answer: answerTo({ kind: 'closing', pid, name: of, mayBeMapped, seen }, files) as Closing | undefined,
    reads,
  }
}

async function typeOf(folder: string): Promise<string | undefined> {
  const mount = await mountAt(folder)
  return mount || folder === '/' ? mount?.type : typeOf(dirname(folder))
}

/** A Python program that says a line when it is ready, and goes on with the next line that it gets. */
async function program(
  t: Test,
  script: string,
): Promise<ChildProcess & { readonly pid: number; next(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-answers-'))
  const child = spawn('python3', ['-c', `import os, sys, threading\nname = '${join(directory, name)}'\n${script}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await rm(directory, { recursive: true })
  })
  // By lines: Python writes one in two parts now and then.
  const lines = createInterface(child.stdout)
  await once(lines, 'line')
  const { pid = 0 } = child
  const next = async (): Promise<void> => {
    const said = once(lines, 'line')
    child.stdin.write('\n')
    await said
  }
  return Object.assign(child, { pid, next })
}

const ready = `print('ready', flush=True)\nsys.stdin.readline()`

t.test('one that has it open, and has it no longer', async (t) => {
  const it = await program(t, `f = os.open(name, os.O_CREAT | os.O_WRONLY)\n${ready}\nos.close(f)\n${ready}`)
  t.match(asked(it.pid).answer, { isLast: false, signal: undefined, process: it.pid })
  await it.next()
  t.match(asked(it.pid).answer, { isLast: true, found: [] })
})

t.test('one whose children end without a trace, and may have had children of their own', async (t) => {
  const orphan = `
import signal
f = os.open(name, os.O_CREAT | os.O_WRONLY)
${ready}
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
r, w = os.pipe()
child = os.fork()
if child == 0:
  if os.fork() == 0:
    os.close(w)
    # Until this program is ended.
    os.read(r, 1)
  os._exit(0)
try: os.waitpid(child, 0)
except ChildProcessError: pass
os.close(f)
${ready}`
  const it = await program(t, orphan)
  const before = opener(it.pid)
  await it.next()
  t.match(asked(it.pid, [before]).answer, { isLast: false })
})

t.test('one that has another file open that is called so, where no file of ours can be', async (t) => {
  const elsewhere = `
import ctypes
libc = ctypes.CDLL(None)
source = '/dev/shm/' + os.path.basename(os.path.dirname(name))
os.mkdir(source)
open(source + '/${name}', 'w').close()
a = os.open(source + '/${name}', os.O_RDONLY)
os.unlink(source + '/${name}')
os.rmdir(source)
${ready}
f = os.open(name, os.O_CREAT | os.O_WRONLY)
${ready}`
  t.not(await typeOf('/dev/shm'), type, 'two file systems')
  const it = await program(t, elsewhere)
  t.match(asked(it.pid).answer, { isLast: true })
  await it.next()
  t.match(asked(it.pid).answer, { isLast: false }, 'and a file of ours as well')
})

t.test('which files may be ours, and be written', async (t) => {
  const mount = { id: '1', device: '0:40', mountpoint: '/mnt/as2', root: '/', type: 'fuse.as2fs', source: 'b' }
  const bound = { ...mount, mountpoint: '/drop', root: '/A/B/send' }
  const inbox = { ...mount, mountpoint: '/in', root: '/A/B/inbox' }
  for (const [link, of, is] of [
    ['/mnt/as2/A/B/send/x.edi', mount, true],
    ['/mnt/as2/A/B/send/batch/x.edi', mount, true],
    ['/mnt/as2/A/B/new/x.edi', mount, true],
    ['/mnt/as2/A/B/inbox/1/x.edi', mount, false],
    ['/mnt/as2/A/B/outbox/1/send/x.edi', mount, false],
    ['/mnt/as2/A/B/headers/inbox/1/x.edi', mount, false],
    ['/elsewhere/A/B/inbox/1/x.edi', mount, true],
    ['/mnt/as22/A/B/inbox/1/x.edi', mount, true],
    ['/drop/x.edi', bound, true],
    ['/in/1/x.edi', inbox, false],
    ['/mnt/as2/A/B/send/x.edi', { ...mount, type: 'ext4' }, false],
  ] as const)
    t.equal(mayBeOurs(link, of), is, link)
})

t.test('one that has it open in a mount that nobody can see', { skip: withoutRoot() }, async (t) => {
  // A tree of its own that is detached: the descriptor stays.
  const detached = `
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_BIND, MNT_DETACH = 0x20000, 4096, 2
folder = os.path.dirname(name).encode()
assert libc.unshare(CLONE_NEWNS) == 0, ctypes.get_errno()
assert libc.mount(b'none', b'/', None, 0x4000 | 0x40000, None) == 0, ctypes.get_errno()
assert libc.mount(folder, folder, None, MS_BIND, None) == 0, ctypes.get_errno()
f = os.open(name, os.O_CREAT | os.O_WRONLY)
assert libc.umount2(folder, MNT_DETACH) == 0, ctypes.get_errno()
${ready}`
  const it = await program(t, detached)
  t.match(asked(it.pid).answer, { isLast: false })
})

t.test('one that has it open as a mount of its own', { skip: withoutRoot() }, async (t) => {
  for (const [detached, how] of [
    ['', 'under another name'],
    ['assert libc.umount2(other, MNT_DETACH) == 0, ctypes.get_errno()', 'that is in no place any more'],
  ] as const) {
    const bound = `
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_BIND, MNT_DETACH = 0x20000, 4096, 2
assert libc.unshare(CLONE_NEWNS) == 0, ctypes.get_errno()
assert libc.mount(b'none', b'/', None, 0x4000 | 0x40000, None) == 0, ctypes.get_errno()
os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
other = (name + '.other').encode()
os.close(os.open(other, os.O_CREAT | os.O_WRONLY))
assert libc.mount(name.encode(), other, None, MS_BIND, None) == 0, ctypes.get_errno()
f = os.open(other, os.O_WRONLY)
${detached}
${ready}`
    const it = await program(t, bound)
    t.match(asked(it.pid).answer, { isLast: false }, how)
  }
})

t.test('one whose own name ends as the kernel ends what was deleted', async (t) => {
  const deleted = `${name} (deleted)`
  const opened = `name += ' (deleted)'\nf = os.open(name, os.O_CREAT | os.O_RDWR)\nos.ftruncate(f, 4096)`
  const mapped = `import mmap\nshared = mmap.mmap(f, 4096, mmap.MAP_SHARED)\nos.closerange(3, 64)`
  const it = await program(t, `${opened}\n${ready}\n${mapped}\n${ready}`)
  const answer = (): Closing | undefined => asked(it.pid, [opener(it.pid)], true, deleted).answer
  t.match(answer(), { isLast: false })
  await it.next()
  t.match(answer(), { isLast: false }, 'mapped alone')
})

t.test('one that has it mapped, and has it so no longer', async (t) => {
  const mapping = `
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
f = os.open(name, os.O_CREAT | os.O_RDWR)
os.ftruncate(f, 4096)
private = libc.mmap(None, 4096, 3, 2, f, ctypes.c_long(0))
shared = libc.mmap(None, 4096, 3, 1, f, ctypes.c_long(0))
os.close(f)
${ready}
libc.munmap(ctypes.c_void_p(shared), 4096)
${ready}`
  const it = await program(t, mapping)
  const mapped = () => asked(it.pid, [opener(it.pid)], true).answer?.isLast
  t.equal(mapped(), false)
  t.equal(asked(it.pid).answer?.isLast, true, 'not looked at where it can’t be')
  await it.next()
  t.equal(mapped(), true, 'a private one writes nothing')
})

t.test('one whose child has it open, and whose child has ended', async (t) => {
  const child = `
r, w = os.pipe()
f = os.open(name, os.O_CREAT | os.O_WRONLY)
pid = os.fork()
if pid == 0:
    os.close(w)
    os.read(r, 1)
    os._exit(0)
os.close(f)
${ready}
os.close(w)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
${ready}
os.waitpid(pid, 0)
${ready}`
  const it = await program(t, child)
  const first = [opener(it.pid)]
  const { answer } = asked(it.pid)
  t.equal(answer?.isLast, false)
  t.equal(answer?.found.length, 1)
  await it.next()
  t.equal(
    asked(it.pid).answer?.isLast,
    false,
    'one that was not seen before, and nobody has asked for, may have had children',
  )
  const seen: Seen[] = [...first, [answer?.found[0] ?? 0, 0]]
  t.ok(await until('it to be told', () => asked(it.pid, seen).answer?.isLast), 'one that was seen closed it itself')
  await it.next()
  t.equal(asked(it.pid, first).answer?.isLast, false, 'one that is gone may have had children')
})

t.test('one with thousands of descriptors, or of threads: not told, and hardly looked at', async (t) => {
  const files = await program(
    t,
    `import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (5000, 5000))\nfor i in range(3000): os.open('/dev/null', 0)\n${ready}`,
  )
  const manyFiles = asked(files.pid)
  t.equal(manyFiles.answer?.isLast, false)
  t.ok(manyFiles.reads < 50, `${manyFiles.reads} reads`)
  const threads = await program(
    t,
    `threading.stack_size(65536)\nfor i in range(2100): threading.Thread(target=lambda: threading.Event().wait(), daemon=True).start()\n${ready}`,
  )
  const manyThreads = asked(threads.pid)
  t.equal(manyThreads.answer?.isLast, false)
  t.ok(manyThreads.reads < 50, `${manyThreads.reads} reads`)
})

t.test('one that is gone', async (t) => {
  const it = await program(t, ready)
  it.kill('SIGKILL')
  await once(it, 'exit')
  t.match(asked(it.pid).answer, { isLast: true, process: undefined, signal: undefined })
})

t.test('one that ends, and is gone before it is told how', async (t) => {
  const it = await program(t, ready)
  const files = new ProcessFiles(() => undefined)
  const others = new ProcessFiles(() => undefined)
  files.status = (pid) => {
    const found = others.status(pid)
    return found && { ...found, isExiting: true }
  }
  const ending = () => answerTo({ kind: 'ending', pid: it.pid }, files)
  t.same(ending(), { process: it.pid, signal: undefined, hasEnded: true }, 'as long as it is there')
  files.endingSignal = () => 'gone'
  t.same(ending(), { process: undefined, signal: undefined })
})

t.test('who has something open below a path', async (t) => {
  const it = await program(t, `f = os.open(name, os.O_CREAT | os.O_WRONLY)\nprint(name)\n${ready}`)
  const path = it.spawnargs.at(-1)?.split("'")[1] ?? ''
  const files = new ProcessFiles(() => undefined)
  const mountpoint = path.replace(`/${basename(path)}`, '')
  const users = (except: number[]) => answerTo({ kind: 'users', mountpoint, except }, files)
  t.match(users([]), [{ pid: it.pid, path }])
  t.same(users([it.pid]), [])
})

t.test('who has been below a path for the longest comes first, whatever its number', async (t) => {
  const it = await program(t, `f = os.open(name, os.O_CREAT | os.O_WRONLY)\nother = os.fork()\n${ready}`)
  const path = it.spawnargs.at(-1)?.split("'")[1] ?? ''
  const answered = (age: 1 | -1) => {
    const files = new ProcessFiles(() => undefined)
    files.startTime = (pid) => age * pid
    const answer = answerTo({ kind: 'users', mountpoint: dirname(path), except: [] }, files)
    return (answer as readonly MountUser[]).map(({ pid }) => pid)
  }
  const [first, second] = answered(1)
  t.equal(first, it.pid)
  t.same(answered(-1), [second, first])
  t.ok(new ProcessFiles(() => undefined).startTime(it.pid))
})
