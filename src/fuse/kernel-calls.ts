/**
 * The calls of the kernel that come by the compiled binding, each decoded, run and answered; here those of paths and of the whole, in
 * `open-file-calls.ts` those of open files. What an operation does is said in `operations.ts`, for both bindings; how it is answered
 * in `kernel-replies.ts`.
 */
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import type { Attributes, FilesystemFigures } from '../fs/filesystem.js'
import { timeLimit } from '../patience.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import type { Answerer } from './answer.js'
import { absentFor } from './beliefs/believed-for.js'
import { renameOntoOpen, unlinkOpen, type Aside } from './displacing.js'
import type { GivenBlocks } from './given-blocks.js'
import type { KeptFolders } from './kept-folders.js'
import { operation, type Argument, type OnCall, type OnClosed } from './kernel.js'
import { CallRunner, num, type Call, type Handler, type HandlerOf, type Run } from './kernel-call.js'
import type { KernelReplies } from './kernel-replies.js'
import { OpenFileCalls } from './open-file-calls.js'
import type { Operations } from './operations.js'
import { packFolder } from './packed-folder.js'
import { attributeChangeOf } from './setattr.js'
import type { Ownership } from './stat.js'

/** It is known: something in it was found a moment ago. */
const againWithin: Milliseconds = 5_000

export interface KernelCallsOptions {
  readonly operations: Operations
  readonly answerer: Answerer
  readonly replies: KernelReplies
  readonly owner: Ownership
  readonly kept: KeptFolders
  readonly blocks: GivenBlocks
  readonly clock: Clock
}

export class KernelCalls {
  readonly #operations: Operations
  readonly #runner: CallRunner
  readonly #replies: KernelReplies
  readonly #owner: Ownership
  readonly #kept: KeptFolders
  readonly #clock: Clock
  readonly #handlers: ReadonlyMap<number, Handler>

  constructor(options: KernelCallsOptions) {
    this.#operations = options.operations
    this.#runner = new CallRunner(options.answerer, options.replies)
    this.#replies = options.replies
    this.#owner = options.owner
    this.#kept = options.kept
    this.#clock = options.clock
    const openFiles = new OpenFileCalls({ ...options, runner: this.#runner })
    this.closed = openFiles.closed
    this.#handlers = new Map([...this.#looks(), ...this.#xattrs(), ...openFiles.handlers(), ...this.#changes()])
  }

  readonly closed: OnClosed

  readonly run: OnCall = (op, unique, age, pid, path, ...args) => {
    this.#handlers.get(op)?.({ unique, age, pid, path }, args)
  }

  /** Of paths and of the whole. */
  #looks(): HandlerOf[] {
    const [ops, replies] = [this.#operations, this.#replies]
    const getattr =
      (call: Call): Run<Attributes> =>
      async (signal) => {
        const attributes = await ops.getattr(call.path, signal)
        const folder = this.#kept.missed(call.path)
        if (folder !== undefined) void this.#readAgain(folder)
        return attributes
      }
    return [
      [operation.lookup, (call) => this.#lookup(call, getattr(call))],
      [
        operation.getattr,
        (call) => this.#runner.ask('getattr', call, (it) => replies.attributes(call.unique, it), getattr(call)),
      ],
      [
        operation.access,
        (call, [mode]) =>
          this.#runner.ask('access', call, this.#runner.done(call), (signal) =>
            ops.access(call.path, num(mode), signal),
          ),
      ],
      [operation.readdir, (call) => this.#readdir(call)],
      [operation.readdirplus, (call) => this.#readdir(call)],
      [
        operation.statfs,
        (call) =>
          this.#runner.ask(
            'statfs',
            call,
            (it: FilesystemFigures) => replies.figures(call.unique, it),
            (signal) => ops.statfs(signal),
          ),
      ],
    ]
  }

  #xattrs(): HandlerOf[] {
    const [ops, replies] = [this.#operations, this.#replies]
    const ask = (name: 'getxattr' | 'listxattr', call: Call, run: Run<string>): void =>
      this.#runner.ask(name, call, (it) => replies.xattr(call.unique, Buffer.from(it)), run)
    return [
      [
        operation.getxattr,
        (call, [name]) => ask('getxattr', call, (signal) => ops.xattr(call.path, String(name), signal)),
      ],
      [
        operation.listxattr,
        (call) =>
          ask('listxattr', call, async (signal) => {
            const names = await ops.xattrs(call.path, signal)
            return names.map((it) => `${it}\0`).join('')
          }),
      ],
    ]
  }

  /** Of paths. */
  #changes(): HandlerOf[] {
    const ops = this.#operations
    const refused = (name: 'symlink' | 'mknod' | 'setxattr'): HandlerOf => [
      operation[name],
      (call) => this.#runner.act(name, call, () => ops.refuse(call.path, name)),
    ]
    return [
      [operation.setattr, (call, args) => this.#setattr(call, args)],
      [operation.unlink, (call, [as]) => this.#unlink(call, as)],
      [operation.rename, (call, [to, as]) => this.#rename(call, String(to), as)],
      [operation.mkdir, (call) => this.#mkdir(call)],
      [operation.rmdir, (call) => this.#runner.act('rmdir', call, (signal) => ops.rmdir(call.path, signal))],
      [operation.link, (call, [from]) => this.#link(call, String(from))],
      ...(['symlink', 'mknod', 'setxattr'] as const).map(refused),
    ]
  }

  #lookup(call: Call, getattr: Run<Attributes>): void {
    const replies = this.#replies
    let isLasting = false
    this.#runner.ask(
      'lookup',
      call,
      (it: Attributes) => replies.entry(call.unique, it),
      (signal) =>
        getattr(signal).catch((error: unknown) => {
          isLasting = error instanceof FsError && error.code === 'ENOENT' && error.isLasting
          throw error
        }),
      (errno) => (isLasting ? replies.absent(call.unique, absentFor) : replies.error(call.unique, errno)),
    )
  }

  #readdir(call: Call): void {
    this.#runner.ask(
      'readdir',
      call,
      (names: Uint8Array) => this.#replies.folder(call.unique, names),
      (signal) => this.#read(call.path, signal),
    )
  }

  /** @returns the names in a folder, packed */
  async #read(path: string, signal: CancelSignal): Promise<Uint8Array> {
    const content = await this.#operations.readdir(path, signal)
    const packed = packFolder(content, this.#owner.since, content.changing?.entries)
    this.#kept.add(path, content, packed)
    return packed.names
  }

  /** For the binding alone: nobody waits for it, and whoever asks for what is in it is told what is wrong. */
  async #readAgain(folder: string): Promise<void> {
    await this.#read(folder, timeLimit(againWithin)).catch(() => undefined)
  }

  /** Whatever comes of it, and whenever: what was told of these is asked for again. */
  async #changed<T>(paths: readonly string[], done: Promise<T>): Promise<T> {
    try {
      return await done
    } finally {
      for (const path of paths) this.#kept.changed(path)
    }
  }

  #setattr(call: Call, [handle, valid, size, mtime, mode]: readonly Argument[]): void {
    const given = { handle: num(handle), valid: num(valid), size: num(size), mtime: num(mtime), mode: num(mode) }
    const change = attributeChangeOf(given, () => this.#clock.now())
    this.#runner.change(
      'setattr',
      call,
      (it: Attributes) => this.#replies.attributes(call.unique, it),
      (signal) => this.#changed([call.path], this.#operations.change(call.path, change, signal)),
    )
  }

  #mkdir(call: Call): void {
    this.#runner.change(
      'mkdir',
      call,
      (it: Attributes) => this.#replies.entry(call.unique, it),
      (signal) => this.#operations.mkdir(call.path, signal),
    )
  }

  #link(call: Call, from: string): void {
    this.#runner.change(
      'link',
      call,
      (it: Attributes) => this.#replies.entry(call.unique, it),
      (signal) => this.#operations.link(from, call.path, signal),
    )
  }

  #unlink(call: Call, as: Argument): void {
    const aside = this.#aside(call, as)
    this.#runner.act('unlink', call, (signal) =>
      this.#changed([call.path], unlinkOpen(this.#operations, call.path, aside, signal)),
    )
  }

  #rename(call: Call, to: string, as: Argument): void {
    const aside = this.#aside(call, as)
    const both = { ...call, path: `${call.path} → ${to}` }
    this.#runner.act('rename', both, (signal) =>
      this.#changed([call.path, to], renameOntoOpen(this.#operations, call.path, to, aside, signal)),
    )
  }

  #aside({ unique }: Call, as: Argument): Aside {
    return { path: as as string | undefined, use: () => this.#replies.hidden(unique) }
  }
}
