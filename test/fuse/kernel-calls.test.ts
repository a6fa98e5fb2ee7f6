/** What becomes of each call of the kernel, with a binding that is played and a filesystem that is. */
import { constants } from 'node:os'
import t, { type Test } from 'tap'
import { FsError } from '../../src/errors.js'
import { Answerer } from '../../src/fuse/answer.js'
import { KernelBeliefs } from '../../src/fuse/beliefs/kernel-beliefs.js'
import { HandleProcesses } from '../../src/fuse/callers/handle-processes.js'
import { GivenBlocks } from '../../src/fuse/given-blocks.js'
import { KeptFolders } from '../../src/fuse/kept-folders.js'
import { KernelCalls } from '../../src/fuse/kernel-calls.js'
import { KernelReplies } from '../../src/fuse/kernel-replies.js'
import { openFlags, operation, type Argument, type Kernel, type Session } from '../../src/fuse/kernel.js'
import { Operations } from '../../src/fuse/operations.js'
import { systemClock, type Clock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { PlayedFilesystem } from '../helpers/played-filesystem.js'
import { until } from '../helpers/until.js'

const { errno, O_RDWR } = { ...constants, O_RDWR: 2 }
const session = {} as Session
const owner = { uid: 7, gid: 8, umask: 0o022, since: 5 }
const file = '/send/order.edi'
/** Of this process, which never asks them: its calls tell of no caller. */
const processes = new HandleProcesses()
const hidden = '/send/.fuse_hidden1'

class PlayedKernel {
  /** By the number of the call: what it was answered with, numbers of attributes included. */
  readonly replies = new Map<number, readonly unknown[]>()
  /** What `hidden` says. */
  isOpen: boolean | undefined = true
  /** What `released` says. */
  displaced: string | false = false
  /** Whether anybody waits for what is opened. */
  isTaken = true
  numbers = new Float64Array()
  closesAsked = 0

  readonly kernel = {
    replyError: (_: Session, unique: number, code: number, absentFor?: number) =>
      this.#reply(unique, ...(code === 0 ? ['done'] : [-code, ...(absentFor === undefined ? [] : [absentFor])])),
    replyEntry: (_: Session, unique: number, identity?: string) =>
      this.#reply(unique, 'entry', ...this.#told(identity)),
    replyAttr: (_: Session, unique: number, identity?: string) => this.#reply(unique, 'attr', ...this.#told(identity)),
    replyOpen: (_: Session, unique: number, ...opened: unknown[]) => {
      this.#reply(unique, 'open', ...opened)
      return this.isTaken
    },
    replyCreate: (_: Session, unique: number, handle: number, identity?: string) => {
      this.#reply(unique, 'create', handle, ...this.#told(identity))
      return this.isTaken
    },
    replyData: (_: Session, unique: number, bytes: Uint8Array) => this.#reply(unique, Buffer.from(bytes).toString()),
    replyCount: (_: Session, unique: number, count: number) => this.#reply(unique, 'count', count),
    replyFolder: (_: Session, unique: number, names: Uint8Array) =>
      this.#reply(unique, Buffer.from(names).toString().replaceAll('\0', ' ')),
    replyStatfs: (_: Session, unique: number) => this.#reply(unique, 'statfs', ...this.numbers.slice(0, 6)),
    hidden: () => this.isOpen,
    released: () => this.displaced,
    tellClosed: () => (this.closesAsked += 1),
  } as unknown as Kernel

  #told(identity: string | undefined): unknown[] {
    const [mode = 0, uid, gid, size] = this.numbers
    return [mode.toString(8), uid, gid, size, identity]
  }

  #reply(unique: number, ...reply: unknown[]): boolean {
    if (this.replies.has(unique)) throw new Error(`call ${unique} is answered twice`)
    this.replies.set(unique, reply)
    return true
  }
}

class World {
  readonly fs = new PlayedFilesystem({ '/send': undefined, [file]: 'the order', '/send/new': 'the new' })
  readonly played = new PlayedKernel()
  readonly answerer: Answerer
  time = 1_000
  readonly calls: KernelCalls
  #unique = 0

  constructor(t: Test, deadline: number) {
    this.answerer = new Answerer({ log: silentLogger(), clock: systemClock, deadline })
    const kept = new KeptFolders(
      () => {
        throw new Error('nothing of it is kept')
      },
      owner,
      systemClock,
    )
    const replies = new KernelReplies({ kernel: this.played.kernel, owner, session: () => session })
    this.played.numbers = replies.numbers
    const operations = new Operations(new KernelBeliefs(this.fs, systemClock), processes)
    const clock: Clock = { now: () => 77, monotonic: () => this.time }
    const blocks = new GivenBlocks({ giveBlock: () => false, wantBlock: () => undefined })
    this.calls = new KernelCalls({ operations, answerer: this.answerer, replies, owner, kept, blocks, clock })
    t.teardown(() => this.answerer.close())
  }

  /** Begins a call. @returns its number */
  begin(op: keyof typeof operation, path: string, ...args: Argument[]): number {
    this.#unique += 2
    this.calls.run(operation[op], this.#unique, 0, 0, path, ...args)
    return this.#unique
  }

  answer(unique: number): Promise<readonly unknown[]> {
    return until(`the answer to ${unique}`, () => this.played.replies.get(unique))
  }

  call(op: keyof typeof operation, path: string, ...args: Argument[]): Promise<readonly unknown[]> {
    return this.answer(this.begin(op, path, ...args))
  }

  /** What the filesystem was asked to change since. */
  changes(): string[] {
    return this.fs.calls.splice(0).filter((it) => !it.startsWith('getattr'))
  }
}

function world(t: Test, deadline = 60_000): World {
  return new World(t, deadline)
}

t.test(
  'of a name that will not be there for a moment the kernel is told so, of all others only that they are not',
  async (t) => {
    const it = world(t)
    t.same(await it.call('lookup', '/send/none'), [-errno.ENOENT])
    it.fs.getattr = () => Promise.reject(new FsError('ENOENT', 'none', { isLasting: true }))
    t.same(await it.call('lookup', '/send/none'), [-errno.ENOENT, 50])
    t.same(await it.call('getattr', '/send/none', 0), [-errno.ENOENT])
    it.fs.getattr = () => Promise.reject(new FsError('EIO', 'broken'))
    t.same(await it.call('lookup', '/send/none'), [-errno.EIO])
  },
)

t.test('each call is asked of the filesystem once and answered once, with what it wants to know', async (t) => {
  const it = world(t)
  const attributes = ['100644', 7, 8, 7, 'the order']
  t.same(await it.call('lookup', file), ['entry', ...attributes])
  t.same(await it.call('getattr', file, 0), ['attr', ...attributes])
  t.same(await it.call('getattr', '/send', 0), ['attr', '40755', 7, 8, 0, undefined])
  t.same(await it.call('readdir', '/send'), ['Forder.edi the order Fnew the new '])
  t.same(await it.call('access', file, 1), [-errno.EACCES])
  t.same(await it.call('access', file, 4), ['done'])
  t.same(await it.call('statfs', '/'), ['statfs', 4096, 1000, 400, 0xffffffff, 0xffffffff, 255])
  it.changes()
  t.same(await it.call('open', file, O_RDWR), ['open', 1, 0, undefined, undefined, undefined])
  t.same(await it.call('read', file, 1, 3, 2), ['nte'])
  t.same(await it.call('write', file, 1, Buffer.from('..bytes..'), 5, 0, 2), ['count', 5])
  t.same(await it.call('flush', file, 1), ['done'])
  t.same(await it.call('fsync', file, 1, 0), ['done'])
  t.same(await it.call('release', file, 1), ['done'])
  t.same(it.changes(), [`open ${file}`, 'read 1', 'write 1 bytes', 'flush 1', 'fsync 1', 'release 1'])
  t.same(await it.call('mkdir', '/send/folder'), ['entry', '40755', 7, 8, 0, undefined])
  t.same(await it.call('rename', file, '/send/other'), ['done'])
  t.same(await it.call('unlink', '/send/other'), ['done'])
  t.same(await it.call('rmdir', '/send/folder'), ['done'])
  t.same(it.changes(), ['mkdir /send/folder', `rename ${file} /send/other`, 'unlink /send/other', 'rmdir /send/folder'])
  await it.call('link', `${file}.2`, file)
  t.same(it.changes(), [`link ${file} ${file}.2`])
  for (const op of ['symlink', 'mknod', 'setxattr'] as const) t.same(await it.call(op, file), [-errno.EPERM])
})

t.test(
  'setattr changes owner, size and time in the order in which a program would, and tells what is so then',
  async (t) => {
    const it = world(t)
    const [mode, size, handle, mtime] = [1, 8, 64, 32]
    t.match(await it.call('setattr', file, 0, mode | size | mtime, 3, 9_000), ['attr', '100644'])
    t.same(it.changes(), [`setattr ${file}`, `truncate ${file}`, `utimens ${file} 9000`])
    await it.call('setattr', file, 0, mtime | 256, 0, 0)
    t.same(it.changes(), [`utimens ${file} 77`], 'now')
    await it.call('setattr', file, 5, size | handle, 3, 0)
    t.same(it.changes(), ['ftruncate 5 3'])
  },
)

t.test('a new file is told of with its handle; whose answer nobody takes is given back', async (t) => {
  const it = world(t)
  t.same(await it.call('create', '/send/made', 0), ['create', 1, '100644', 7, 8, 7, 'made as /send/made'])
  t.same(await it.call('create', '/send/\ufffd', 0), [-errno.EILSEQ], 'bytes that are not UTF-8')
  it.played.isTaken = false
  await it.call('create', '/send/again', 0)
  await it.call('open', file, 0)
  t.same(
    it.changes().filter((it) => it.startsWith('release')),
    ['release 2', 'release 3'],
  )
})

t.test('a new file of which nothing can be told is taken back', async (t) => {
  const it = world(t)
  it.fs.getattr = () => Promise.reject(new FsError('EIO', 'The disk fails.'))
  t.same(await it.call('create', '/send/made', 0), [-errno.EIO])
  t.same(it.changes(), ['create /send/made', 'disown 1'])
})

t.test('what is read is kept in the page cache as long as it is of one version; what is rendered is not', async (t) => {
  const it = world(t)
  it.fs.content = { version: 'v1', size: 70 }
  t.same(await it.call('open', file, 0), ['open', 1, openFlags.noFlush, 'v1', 70, undefined])
  it.fs.content = 'rendered'
  t.same(await it.call('open', file, 0), ['open', 2, openFlags.uncached, undefined, undefined, undefined])
})

t.test('what fails is told as its errno, and as EIO where nobody knows why', async (t) => {
  const it = world(t)
  t.same(await it.call('lookup', '/none'), [-errno.ENOENT])
  t.same(await it.call('open', '/none', 0), [-116], 'ESTALE: the kernel looks anew')
  it.fs.refusal = new FsError('ENOSPC', 'The disk is full.')
  t.same(await it.call('write', file, 1, Buffer.from('x'), 1, 0, 0), [-errno.ENOSPC])
  t.same(await it.call('flush', file, 1), [-errno.ENOSPC])
  it.fs.readdir = () => Promise.reject(new TypeError('a mistake of ours'))
  t.same(await it.call('readdir', '/send'), [-errno.EIO])
})

t.test('a call that takes too long is answered at its deadline, and what it opened then is closed', async (t) => {
  const it = world(t, 300)
  let goOn: () => void = () => undefined
  it.fs.delay = new Promise<void>((resolve) => (goOn = resolve))
  const calls = [it.begin('open', file, O_RDWR), it.begin('create', '/send/made', 0), it.begin('lookup', file)]
  for (const unique of calls) t.same(await it.answer(unique), [-errno.ETIMEDOUT])
  goOn()
  await until('both to be given back', () => it.fs.calls.filter((it) => it.startsWith('disown')).length === 2)
})

t.test(
  'of a read that failed late, the kernel’s next calls fail at once; of one that failed soon they are tried',
  async (t) => {
    const it = world(t)
    let fail: (error: Error) => void = () => undefined
    const failure = new FsError('ETIMEDOUT', 'The bucket is silent.')
    const failedAfter = async (took: number): Promise<void> => {
      it.fs.delay = new Promise((_, reject) => (fail = reject))
      const unique = it.begin('read', file, 1, 3, 0)
      it.time += took
      fail(failure)
      t.same(await it.answer(unique), [-errno.ETIMEDOUT])
      it.fs.delay = Promise.resolve()
      it.fs.calls.length = 0
    }
    await failedAfter(900)
    t.same(await it.call('read', file, 1, 3, 0), ['con'])
    await failedAfter(1_100)
    t.same(await it.call('read', file, 1, 3, 0), [-errno.ETIMEDOUT])
    t.same(await it.call('read', file, 2, 3, 0), ['con'], 'another handle')
    t.same(it.fs.calls, ['read 2'])
    it.time += 3_000
    t.same(await it.call('read', file, 1, 3, 0), ['con'], 'it may be over')
    await failedAfter(1_100)
    await it.call('release', file, 1)
    t.same(await it.call('read', file, 1, 3, 0), ['con'], 'the number is another file’s now')
  },
)

t.test('who is killed while he looks is let go, who changes something is not', async (t) => {
  const it = world(t)
  it.fs.delay = new Promise(() => undefined)
  const [look, read, change] = [it.begin('lookup', file), it.begin('read', file, 1, 3, 0), it.begin('unlink', file)]
  for (const unique of [look, read, change]) it.answerer.abandon(unique)
  t.same(await it.answer(look), [-errno.EINTR])
  t.same(await it.answer(read), [-errno.EINTR])
  t.notOk(it.played.replies.has(change))
})

t.test(
  'what is removed while it is open goes at once, and is known by its other path until its last close',
  async (t) => {
    const it = world(t)
    t.same(await it.call('unlink', file, hidden), ['done'])
    t.same(it.changes(), [`unlink ${file}`])
    t.match(await it.call('getattr', hidden, 0), ['attr', '100644', 7, 8, 7, 'the order'])
    it.played.displaced = hidden
    t.same(await it.call('release', hidden, 1), ['done'])
    t.same(it.changes(), ['release 1'])
    t.same(await it.call('getattr', hidden, 0), [-errno.ENOENT])
  },
)

t.test(
  'closes of objects are asked for while one is open, released without an answer, and what was hidden goes',
  async (t) => {
    const it = world(t)
    const all = Buffer.from('the order')
    it.fs.content = { version: '1', size: 9 }
    it.fs.held = () => all
    t.same(await it.call('open', file, 0), ['open', 1, openFlags.noFlush, '1', 9, all])
    await it.call('unlink', file, hidden)
    it.changes()
    await until('the first question', () => it.played.closesAsked > 0)
    it.calls.closed(1, 3, hidden)
    t.same(it.changes(), ['release 1 3'])
    t.same(await it.call('getattr', hidden, 0), [-errno.ENOENT])
  },
)

t.test('what was closed while it was removed or replaced is known by no other path', async (t) => {
  for (const isOpen of [false, undefined]) {
    const it = world(t)
    it.played.isOpen = isOpen
    await it.call('rename', '/send/new', file, hidden)
    t.same(await it.call('getattr', hidden, 0), [-errno.ENOENT])
    await it.call('unlink', file, hidden)
    t.same(await it.call('getattr', hidden, 0), [-errno.ENOENT])
    t.same(it.changes(), [`rename /send/new ${file}`, `unlink ${file}`])
  }
})

t.test('a removal that is refused changes nothing', async (t) => {
  const it = world(t)
  it.fs.refusal = new FsError('EBUSY', 'It is being uploaded.')
  t.same(await it.call('unlink', file, hidden), [-errno.EBUSY])
  t.same(await it.call('getattr', hidden, 0), [-errno.ENOENT])
  t.match(await it.call('getattr', file, 0), ['attr'])
})

t.test('what is replaced while it is open is known by its other path, whether or not that is refused', async (t) => {
  const it = world(t)
  it.fs.refusal = new FsError('EBUSY', 'It is being uploaded.')
  t.same(await it.call('rename', '/send/new', file, hidden), [-errno.EBUSY])
  t.match(await it.call('getattr', hidden, 0), ['attr', '100644', 7, 8, 7, 'the order'])
  it.fs.refusal = undefined
  t.same(await it.call('rename', '/send/new', file, `${hidden}2`), ['done'])
  t.match(await it.call('getattr', hidden, 0), ['attr', '100644', 7, 8, 7, 'the order'])
  t.match(await it.call('getattr', file, 0), ['attr', '100644', 7, 8, 7, 'the new'])
})

t.test('what nobody knows is not answered, nor does it throw', async (t) => {
  const it = world(t)
  t.doesNotThrow(() => it.begin('nothing' as keyof typeof operation, file))
  t.equal(it.played.replies.size, 0)
})
