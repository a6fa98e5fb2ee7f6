/**
 * The calls of the kernel that come by the compiled binding, each decoded, run and answered; here those of paths and of the whole, in
 * `open-file-calls.ts` those of open files. What an operation does is said in `operations.ts`, for both bindings; how it is answered
 * in `kernel-replies.ts`.
 */
import type { Attributes, FilesystemFigures } from '../fs/filesystem.js'
import type { Clock } from '../telemetry/clock.js'
import type { Answerer } from './answer.js'
import { renameOntoOpen, unlinkOpen, type Aside } from './displacing.js'
import type { KeptFolders } from './kept-folders.js'
import { operation, type Argument, type OnCall } from './kernel.js'
import { CallRunner, num, type Call, type Handler, type HandlerOf, type Run } from './kernel-call.js'
import type { KernelReplies } from './kernel-replies.js'
import { OpenFileCalls } from './open-file-calls.js'
import type { Operations } from './operations.js'
import { packFolder } from './packed-folder.js'
import { attributeChangeOf } from './setattr.js'
import type { Ownership } from './stat.js'

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
    this.#handlers = new Map([...this.#looks(), ...openFiles.handlers(), ...this.#changes()])
  }

  readonly run: OnCall = (op, unique, age, pid, path, ...args) => {
    this.#handlers.get(op)?.({ unique, age, pid, path }, args)
  }

  /** Of paths and of the whole. */
  #looks(): HandlerOf[] {
    const [ops, replies] = [this.#operations, this.#replies]
    const getattr =
      (call: Call): Run<Attributes> =>
      (signal) =>
        ops.getattr(call.path, signal)
    return [
      [
        operation.lookup,
        (call) => this.#runner.ask('lookup', call, (it) => replies.entry(call.unique, it), getattr(call)),
      ],
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

  #readdir(call: Call): void {
    this.#runner.ask(
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

  #setattr(call: Call, [handle, valid, size, mtime, mode]: readonly Argument[]): void {
    const given = { handle: num(handle), valid: num(valid), size: num(size), mtime: num(mtime), mode: num(mode) }
    const change = attributeChangeOf(given, () => this.#clock.now())
    this.#runner.change(
      'setattr',
      call,
      (it: Attributes) => this.#replies.attributes(call.unique, it),
      (signal) => this.#operations.change(call.path, change, signal),
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
    this.#runner.act('unlink', call, (signal) => unlinkOpen(this.#operations, call.path, aside, signal))
  }

  #rename(call: Call, to: string, as: Argument): void {
    const aside = this.#aside(call, as)
    const both = { ...call, path: `${call.path} → ${to}` }
    this.#runner.act('rename', both, (signal) => renameOntoOpen(this.#operations, call.path, to, aside, signal))
  }

  #aside({ unique }: Call, as: Argument): Aside {
    return { path: as as string | undefined, use: () => this.#replies.hidden(unique) }
  }
}
