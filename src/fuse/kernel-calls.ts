/**
 * The calls of the kernel that come by the compiled binding, each decoded, run and answered. What an operation does is said in
 * `operations.ts`, for both bindings; how it is answered in `kernel-replies.ts`.
 */
import type { Attributes, FilesystemFigures, Opened } from '../fs/filesystem.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import type { Answerer, Asked } from './answer.js'
import { renameOntoOpen, unlinkOpen, type Aside } from './displacing.js'
import { FailedReads } from './failed-reads.js'
import type { KeptFolders } from './kept-folders.js'
import { operation, type Argument, type OnCall } from './kernel.js'
import type { KernelReplies } from './kernel-replies.js'
import { isForWriting, type Created, type Operations } from './operations.js'
import { packFolder } from './packed-folder.js'
import { attributeChangeOf } from './setattr.js'
import type { Ownership } from './stat.js'

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
  readonly operations: Operations
  readonly answerer: Answerer
  readonly replies: KernelReplies
  readonly owner: Ownership
  readonly kept: KeptFolders
  readonly clock: Clock
}

export class KernelCalls {
  readonly #operations: Operations
  readonly #answerer: Answerer
  readonly #replies: KernelReplies
  readonly #owner: Ownership
  readonly #kept: KeptFolders
  readonly #clock: Clock
  readonly #failedReads: FailedReads
  readonly #handlers: ReadonlyMap<number, Handler>

  constructor(options: KernelCallsOptions) {
    this.#operations = options.operations
    this.#answerer = options.answerer
    this.#replies = options.replies
    this.#owner = options.owner
    this.#kept = options.kept
    this.#clock = options.clock
    this.#failedReads = new FailedReads(options.clock)
    this.#handlers = new Map([...this.#looks(), ...this.#openFiles(), ...this.#changes()])
  }

  readonly run: OnCall = (op, unique, age, pid, path, ...args) => {
    this.#handlers.get(op)?.({ unique, age, pid, path }, args)
  }

  /** Of paths and of the whole. */
  #looks(): [number, Handler][] {
    const [ops, replies] = [this.#operations, this.#replies]
    const getattr =
      (call: Call): Run<Attributes> =>
      (signal) =>
        ops.getattr(call.path, signal)
    return [
      [operation.lookup, (call) => this.#ask('lookup', call, (it) => replies.entry(call.unique, it), getattr(call))],
      [
        operation.getattr,
        (call) => this.#ask('getattr', call, (it) => replies.attributes(call.unique, it), getattr(call)),
      ],
      [
        operation.access,
        (call, [mode]) =>
          this.#ask('access', call, this.#done(call), (signal) => ops.access(call.path, num(mode), signal)),
      ],
      [operation.readdir, (call) => this.#readdir(call)],
      [
        operation.statfs,
        (call) =>
          this.#ask(
            'statfs',
            call,
            (it: FilesystemFigures) => replies.figures(call.unique, it),
            (signal) => ops.statfs(signal),
          ),
      ],
    ]
  }

  /** From open(2) and creat(2) to the last close. */
  #openFiles(): [number, Handler][] {
    const ops = this.#operations
    return [
      [operation.open, (call, [flags]) => this.#open(call, num(flags))],
      [operation.create, (call) => this.#create(call)],
      [operation.read, (call, [handle, length, position]) => this.#read(call, num(handle), num(length), num(position))],
      [operation.write, (call, args) => this.#write(call, args)],
      [
        operation.flush,
        (call, [handle]) => this.#act('flush', call, (signal) => ops.flush(call.path, num(handle), call.pid, signal)),
      ],
      [operation.fsync, (call, [handle]) => this.#act('fsync', call, (signal) => ops.fsync(num(handle), signal))],
      [operation.release, (call, [handle]) => this.#release(call, num(handle))],
    ]
  }

  /** Of paths. */
  #changes(): [number, Handler][] {
    const ops = this.#operations
    const refused = (name: 'link' | 'symlink' | 'mknod' | 'setxattr'): [number, Handler] => [
      operation[name],
      (call) => this.#act(name, call, () => ops.refuse(call.path, name)),
    ]
    return [
      [operation.setattr, (call, args) => this.#setattr(call, args)],
      [operation.unlink, (call, [as]) => this.#unlink(call, as)],
      [operation.rename, (call, [to, as]) => this.#rename(call, String(to), as)],
      [operation.mkdir, (call) => this.#mkdir(call)],
      [operation.rmdir, (call) => this.#act('rmdir', call, (signal) => ops.rmdir(call.path, signal))],
      ...(['link', 'symlink', 'mknod', 'setxattr'] as const).map(refused),
    ]
  }

  /** One that changes nothing: who is killed meanwhile is let go. */
  #ask<T>(name: string, call: Call, reply: (result: T) => void, run: Run<T>): void {
    this.#answer({ ...asked(name, call), id: call.unique }, call, reply, run)
  }

  /** One that changes something, with nothing to tell but its success. */
  #act(name: string, call: Call, run: Run<unknown>): void {
    this.#change(name, call, this.#done(call), run)
  }

  #change<T>(name: string, call: Call, reply: (result: T) => void, run: Run<T>): void {
    this.#answer(asked(name, call), call, reply, run)
  }

  #answer<T>(asked: Asked, call: Call, reply: (result: T) => void, run: Run<T>): void {
    this.#answerer.answer(asked, reply, (errno) => this.#replies.error(call.unique, errno), run)
  }

  #done(call: Call): () => void {
    return () => this.#replies.error(call.unique, 0)
  }

  #readdir(call: Call): void {
    this.#ask(
      'readdir',
      call,
      (names: Uint8Array) => this.#replies.folder(call.unique, names),
      async (signal) => {
        const content = await this.#operations.readdir(call.path, signal)
        const packed = packFolder(content, this.#owner.since)
        this.#kept.add(call.path, content, packed)
        return packed.names
      },
    )
  }

  #open(call: Call, flags: number): void {
    const isForgiven = isForWriting(flags) ? {} : { id: call.unique }
    this.#answer(
      { ...asked('open', call), ...isForgiven },
      call,
      (opened: Opened) => {
        if (!this.#replies.opened(call.unique, opened)) this.#giveBack(opened.handle)
      },
      (signal) => this.#operations.open(call.path, flags, call.pid, signal),
    )
  }

  #create(call: Call): void {
    this.#change(
      'create',
      call,
      ({ handle, attributes }: Created) => {
        if (!this.#replies.created(call.unique, handle, attributes)) this.#giveBack(handle)
      },
      (signal) => this.#operations.create(call.path, call.pid, signal),
    )
  }

  /** Whoever opened it is gone: the kernel will not release it. */
  #giveBack(handle: number): void {
    void this.#operations.release(handle).catch(() => undefined)
  }

  #read(call: Call, handle: number, length: number, position: number): void {
    const failure = this.#failedReads.of(handle)
    if (failure !== undefined) {
      this.#replies.error(call.unique, failure)
      return
    }
    const since = this.#clock.monotonic() - call.age
    this.#answerer.answer(
      { ...asked('read', call), id: call.unique },
      (bytes: Uint8Array) => this.#replies.data(call.unique, bytes),
      (errno) => {
        this.#failedReads.failed(handle, errno, this.#clock.monotonic() - since)
        this.#replies.error(call.unique, errno)
      },
      (signal) => this.#operations.read(handle, position, length, signal),
    )
  }

  #write(call: Call, [handle, buffer, length, position, start]: readonly Argument[]): void {
    const bytes = (buffer as Uint8Array).subarray(num(start), num(start) + num(length))
    this.#change(
      'write',
      call,
      (count: number) => this.#replies.count(call.unique, count),
      (signal) => this.#operations.write(num(handle), bytes, num(position), call.pid, signal),
    )
  }

  #release(call: Call, handle: number): void {
    // Whatever becomes of it: the kernel has no such handle any longer.
    const displaced = this.#replies.released(call.unique)
    this.#failedReads.released(handle)
    this.#act('release', call, async (signal) => {
      await this.#operations.release(handle)
      if (displaced !== undefined) await this.#operations.unlink(displaced, signal)
    })
  }

  #setattr(call: Call, [handle, valid, size, mtime]: readonly Argument[]): void {
    const change = attributeChangeOf(
      { handle: num(handle), valid: num(valid), size: num(size), mtime: num(mtime) },
      () => this.#clock.now(),
    )
    this.#change(
      'setattr',
      call,
      (it: Attributes) => this.#replies.attributes(call.unique, it),
      (signal) => this.#operations.change(call.path, change, signal),
    )
  }

  #mkdir(call: Call): void {
    this.#change(
      'mkdir',
      call,
      (it: Attributes) => this.#replies.entry(call.unique, it),
      (signal) => this.#operations.mkdir(call.path, signal),
    )
  }

  #unlink(call: Call, as: Argument): void {
    const aside = this.#aside(call, as)
    this.#act('unlink', call, (signal) => unlinkOpen(this.#operations, call.path, aside, signal))
  }

  #rename(call: Call, to: string, as: Argument): void {
    const aside = this.#aside(call, as)
    const both = { ...call, path: `${call.path} → ${to}` }
    this.#act('rename', both, (signal) => renameOntoOpen(this.#operations, call.path, to, aside, signal))
  }

  #aside({ unique }: Call, as: Argument): Aside {
    return { path: as as string | undefined, use: () => this.#replies.hidden(unique) }
  }
}

function asked(name: string, { path, age }: Call): Asked {
  return { operation: name, path, age }
}

function num(argument: Argument): number {
  return argument as number
}
