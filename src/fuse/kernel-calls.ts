/** The calls of the kernel that come by the compiled binding: each is decoded, run and answered. */
import type { Attributes, FilesystemFigures, Opened } from '../fs/filesystem.js'
import type { Milliseconds } from '../units.js'
import type { Answerer, Asked } from './answer.js'
import { FailedReads } from './failed-reads.js'
import type { KeptFolders } from './kept-folders.js'
import { openFlags, operation, type Argument, type Kernel, type OnCall, type Session } from './kernel.js'
import { isForWriting, type Operations } from './operations.js'
import { packFolder } from './packed-folder.js'
import { changeOf } from './setattr.js'
import { encodeStat, numbersOf, type Ownership } from './stat.js'

/** Of names. */
const longestName = 255
/** How many files `df -i` says there may be: no bound is known. */
const manyFiles = 0xffffffff

/** A call of the kernel. */
interface Call {
  readonly unique: number
  readonly age: Milliseconds
  readonly pid: number
  readonly path: string
}

type Handler = (call: Call, args: readonly Argument[]) => void
type Run<T> = (signal: AbortSignal) => Promise<T>

export interface KernelCallsOptions {
  readonly kernel: Kernel
  readonly operations: Operations
  readonly answerer: Answerer
  readonly owner: Ownership
  readonly kept: KeptFolders
  /** Is asked for from the first call on. */
  readonly session: () => Session
}

export class KernelCalls {
  /** Where the kernel's half reads what something is like. */
  readonly numbers = new Float64Array(16)
  readonly #kernel: Kernel
  readonly #operations: Operations
  readonly #answerer: Answerer
  readonly #owner: Ownership
  readonly #kept: KeptFolders
  readonly #session: () => Session
  readonly #failedReads = new FailedReads()
  readonly #handlers: ReadonlyMap<number, Handler>

  constructor(options: KernelCallsOptions) {
    this.#kernel = options.kernel
    this.#operations = options.operations
    this.#answerer = options.answerer
    this.#owner = options.owner
    this.#kept = options.kept
    this.#session = options.session
    this.#handlers = this.#makeHandlers()
  }

  readonly run: OnCall = (op, unique, age, pid, path, ...args) => {
    this.#handlers.get(op)?.({ unique, age, pid, path }, args)
  }

  #makeHandlers(): ReadonlyMap<number, Handler> {
    const { getattr, lookup, create, open, read, write, readdir, statfs, access, ...others } = operation
    return new Map<number, Handler>([
      [lookup, (call) => this.#look('lookup', call, 'replyEntry')],
      [getattr, (call) => this.#look('getattr', call, 'replyAttr')],
      [
        access,
        (call, [mode]) => this.#ask('access', call, (signal) => this.#operations.access(call.path, num(mode), signal)),
      ],
      [create, (call) => this.#create(call)],
      [open, (call, [flags]) => this.#open(call, num(flags))],
      [read, (call, [handle, length, position]) => this.#read(call, num(handle), num(length), num(position))],
      [write, (call, args) => this.#write(call, args)],
      [readdir, (call) => this.#readdir(call)],
      [statfs, (call) => this.#statfs(call)],
      ...this.#handlersOfChanges(others),
    ])
  }

  #handlersOfChanges(op: Partial<typeof operation>): [number, Handler][] {
    const ops = this.#operations
    const handlers: [number | undefined, Handler][] = [
      [
        op.flush,
        (call, [handle]) => this.#act('flush', call, (signal) => ops.flush(call.path, num(handle), call.pid, signal)),
      ],
      [op.fsync, (call, [handle]) => this.#act('fsync', call, (signal) => ops.fsync(num(handle), signal))],
      [op.release, (call, [handle]) => this.#release(call, num(handle))],
      [op.setattr, (call, args) => this.#setattr(call, args)],
      [op.unlink, (call, [hidden]) => this.#act('unlink', call, (signal) => this.#unlink(call, hidden, signal))],
      [op.rmdir, (call) => this.#act('rmdir', call, (signal) => ops.rmdir(call.path, signal))],
      [op.mkdir, (call) => this.#mkdir(call)],
      [op.rename, (call, [to, hidden]) => this.#rename(call, String(to), hidden)],
      [op.link, (call) => this.#act('link', call, () => ops.refuse(call.path, 'link'))],
      [op.symlink, (call) => this.#act('symlink', call, () => ops.refuse(call.path, 'symlink'))],
      [op.mknod, (call) => this.#act('mknod', call, () => ops.refuse(call.path, 'mknod'))],
      [op.setxattr, (call) => this.#act('setxattr', call, () => ops.refuse(call.path, 'setxattr'))],
    ]
    return handlers.filter((it): it is [number, Handler] => it[0] !== undefined)
  }

  /** One that brings something with it. */
  #tell<T>(asked: Asked, unique: number, reply: (result: T) => void, run: Run<T>): void {
    this.#answerer.answer(asked, reply, (errno) => this.#refuse(unique, errno), run)
  }

  /** One with nothing to tell but its success. */
  #act(name: string, call: Call, run: Run<unknown>): void {
    this.#tell(asked(name, call), call.unique, () => this.#refuse(call.unique, 0), run)
  }

  /** The same, of one that changes nothing: who is killed meanwhile is let go. */
  #ask(name: string, call: Call, run: Run<unknown>): void {
    this.#tell(only(name, call), call.unique, () => this.#refuse(call.unique, 0), run)
  }

  #refuse(unique: number, errno: number): void {
    this.#kernel.replyError(this.#session(), unique, -errno)
  }

  #look(name: string, call: Call, reply: 'replyEntry' | 'replyAttr'): void {
    this.#tell(
      only(name, call),
      call.unique,
      (it: Attributes) => this.#kernel[reply](this.#session(), call.unique, this.#say(it)),
      (signal) => this.#operations.getattr(call.path, signal),
    )
  }

  /** Writes attributes where the kernel's half reads them. @returns what the inode's number is made of */
  #say(it: Attributes): string | undefined {
    numbersOf(encodeStat(it, this.#owner), this.numbers)
    return it.identity
  }

  #open(call: Call, flags: number): void {
    const ops = this.#operations
    const write = isForWriting(flags)
    this.#tell(
      (write ? asked : only)('open', call),
      call.unique,
      ({ handle, content }: Opened) => {
        const { version, size } = typeof content === 'object' ? content : {}
        const uncached = content === 'rendered' ? openFlags.uncached : 0
        // What can only be read has nothing to say at close(2).
        const flush = version === undefined ? 0 : openFlags.noFlush
        const isTaken = this.#kernel.replyOpen(this.#session(), call.unique, handle, uncached | flush, version, size)
        if (!isTaken) this.#giveBack(handle)
      },
      (signal) => ops.open(call.path, flags, call.pid, signal),
    )
  }

  #create(call: Call): void {
    const ops = this.#operations
    this.#tell(
      asked('create', call),
      call.unique,
      ({ handle, attributes }: { handle: number; attributes: Attributes }) => {
        const identity = this.#say(attributes)
        if (!this.#kernel.replyCreate(this.#session(), call.unique, handle, identity)) this.#giveBack(handle)
      },
      async (signal) => {
        const handle = await ops.create(call.path, call.pid, signal)
        try {
          const attributes = await ops.getattr(call.path, signal)
          signal.throwIfAborted()
          return { handle, attributes }
        } catch (error) {
          await ops.release(handle)
          throw error
        }
      },
    )
  }

  /** Whoever opened it is gone: the kernel will not release it. */
  #giveBack(handle: number): void {
    void this.#operations.release(handle).catch(() => undefined)
  }

  #read(call: Call, handle: number, length: number, position: number): void {
    const failure = this.#failedReads.of(handle)
    if (failure !== undefined) {
      this.#refuse(call.unique, failure)
      return
    }
    const since = performance.now() - call.age
    this.#answerer.answer(
      only('read', call),
      (bytes: Uint8Array) => this.#kernel.replyData(this.#session(), call.unique, bytes),
      (errno) => {
        this.#failedReads.failed(handle, errno, performance.now() - since)
        this.#refuse(call.unique, errno)
      },
      (signal) => this.#operations.read(handle, position, length, signal),
    )
  }

  #write(call: Call, [handle, buffer, length, position, start]: readonly Argument[]): void {
    const bytes = (buffer as Uint8Array).subarray(num(start), num(start) + num(length))
    this.#tell(
      asked('write', call),
      call.unique,
      (count: number) => this.#kernel.replyCount(this.#session(), call.unique, count),
      (signal) => this.#operations.write(num(handle), bytes, num(position), call.pid, signal),
    )
  }

  #release(call: Call, handle: number): void {
    // Whatever becomes of it: the kernel has no such handle any longer.
    const hidden = this.#kernel.released(this.#session(), call.unique)
    this.#failedReads.released(handle)
    this.#act('release', call, async (signal) => {
      await this.#operations.release(handle)
      if (typeof hidden === 'string') await this.#operations.unlink(hidden, signal)
    })
  }

  #readdir(call: Call): void {
    this.#tell(
      only('readdir', call),
      call.unique,
      (names: Uint8Array) => this.#kernel.replyFolder(this.#session(), call.unique, names),
      async (signal) => {
        const content = await this.#operations.readdir(call.path, signal)
        const packed = packFolder(content, this.#owner.since)
        this.#kept.add(call.path, content, packed)
        return packed.names
      },
    )
  }

  #statfs(call: Call): void {
    this.#tell(
      only('statfs', call),
      call.unique,
      ({ blockSize, totalBlocks, freeBlocks, files }: FilesystemFigures) => {
        this.numbers.set([blockSize, totalBlocks, freeBlocks, manyFiles, manyFiles - files, longestName])
        this.#kernel.replyStatfs(this.#session(), call.unique)
      },
      (signal) => this.#operations.statfs(signal),
    )
  }

  #setattr(call: Call, [handle, valid, size, mtime]: readonly Argument[]): void {
    const change = changeOf({ handle: num(handle), valid: num(valid), size: num(size), mtime: num(mtime) }, Date.now)
    this.#tell(
      asked('setattr', call),
      call.unique,
      (it: Attributes) => this.#kernel.replyAttr(this.#session(), call.unique, this.#say(it)),
      async (signal) => {
        await this.#operations.change(call.path, change, signal)
        return this.#operations.getattr(call.path, signal)
      },
    )
  }

  #mkdir(call: Call): void {
    this.#tell(
      asked('mkdir', call),
      call.unique,
      (it: Attributes) => this.#kernel.replyEntry(this.#session(), call.unique, this.#say(it)),
      async (signal) => {
        await this.#operations.mkdir(call.path, signal)
        return this.#operations.getattr(call.path, signal)
      },
    )
  }

  /** What is open goes on under another name until its last close. */
  async #unlink(call: Call, as: Argument, signal: AbortSignal): Promise<void> {
    const ops = this.#operations
    const isDisplaced = as !== undefined && (await ops.displace(call.path, String(as), signal))
    let isOpen: boolean | undefined
    try {
      await ops.unlink(call.path, signal)
      if (isDisplaced) isOpen = this.#kernel.hidden(this.#session(), call.unique)
    } finally {
      // Closed while it was removed, it has nobody left who would.
      if (isDisplaced && isOpen !== true) await ops.unlink(String(as), signal)
    }
  }

  /** What is replaced goes on as what is removed does; from the beginning, as its last close may come meanwhile. */
  #rename(call: Call, to: string, as: Argument): void {
    const ops = this.#operations
    this.#act('rename', { ...call, path: `${call.path} → ${to}` }, async (signal) => {
      const isDisplaced = as !== undefined && (await ops.displace(to, String(as), signal))
      const isOpen = isDisplaced && this.#kernel.hidden(this.#session(), call.unique)
      try {
        await ops.rename(call.path, to, signal)
      } finally {
        if (isDisplaced && isOpen !== true) await ops.unlink(String(as), signal)
      }
    })
  }
}

function asked(name: string, { path, age }: Call): Asked {
  return { operation: name, path, age }
}

/** Of one that changes nothing. */
function only(name: string, { path, age, unique }: Call): Asked {
  return { operation: name, path, age, id: unique }
}

function num(argument: Argument): number {
  return argument as number
}
