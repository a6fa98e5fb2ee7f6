/** The kernel's calls of files from open(2) and creat(2) to the last close, as they come by the compiled binding. */
import type { Opened } from '../fs/filesystem.js'
import type { Clock } from '../telemetry/clock.js'
import { FailedReads } from './failed-reads.js'
import { operation, type Argument } from './kernel.js'
import { asked, num, type Call, type CallRunner, type HandlerOf } from './kernel-call.js'
import type { KernelReplies } from './kernel-replies.js'
import { isForWriting, type Created, type Operations } from './operations.js'

export interface OpenFileCallsOptions {
  readonly operations: Operations
  readonly runner: CallRunner
  readonly replies: KernelReplies
  readonly clock: Clock
}

export class OpenFileCalls {
  readonly #operations: Operations
  readonly #runner: CallRunner
  readonly #replies: KernelReplies
  readonly #clock: Clock
  readonly #failedReads: FailedReads

  constructor(options: OpenFileCallsOptions) {
    this.#operations = options.operations
    this.#runner = options.runner
    this.#replies = options.replies
    this.#clock = options.clock
    this.#failedReads = new FailedReads(options.clock)
  }

  handlers(): readonly HandlerOf[] {
    const [ops, runner] = [this.#operations, this.#runner]
    return [
      [operation.open, (call, [flags]) => this.#open(call, num(flags))],
      [operation.create, (call) => this.#create(call)],
      [operation.read, (call, [handle, length, position]) => this.#read(call, num(handle), num(length), num(position))],
      [operation.write, (call, args) => this.#write(call, args)],
      [
        operation.flush,
        (call, [handle]) => runner.act('flush', call, (signal) => ops.flush(call.path, num(handle), call.pid, signal)),
      ],
      [operation.fsync, (call, [handle]) => runner.act('fsync', call, (signal) => ops.fsync(num(handle), signal))],
      [operation.release, (call, [handle]) => this.#release(call, num(handle))],
    ]
  }

  #open(call: Call, flags: number): void {
    const isForgiven = isForWriting(flags) ? {} : { id: call.unique }
    this.#runner.answer(
      { ...asked('open', call), ...isForgiven },
      call,
      (opened: Opened) => {
        if (!this.#replies.opened(call.unique, opened)) this.#giveBack(opened.handle)
      },
      (signal) => this.#operations.open(call.path, flags, call.pid, signal),
    )
  }

  #create(call: Call): void {
    this.#runner.change(
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
    this.#runner.answer(
      { ...asked('read', call), id: call.unique },
      call,
      (bytes: Uint8Array) => this.#replies.data(call.unique, bytes),
      (signal) => this.#operations.read(handle, position, length, signal),
      (errno) => {
        this.#failedReads.failed(handle, errno, this.#clock.monotonic() - since)
        this.#replies.error(call.unique, errno)
      },
    )
  }

  /** @param start of what was written in the buffer, which the binding fills again once this has returned */
  #write(call: Call, [handle, buffer, length, position, start]: readonly Argument[]): void {
    const bytes = (buffer as Uint8Array).subarray(num(start), num(start) + num(length))
    this.#runner.change(
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
    this.#runner.act('release', call, async (signal) => {
      await this.#operations.release(handle)
      if (displaced !== undefined) await this.#operations.unlink(displaced, signal)
    })
  }
}
