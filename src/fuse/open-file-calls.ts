/** The kernel's calls of files from open(2) and creat(2) to the last close, as they come by the compiled binding. */
import { constants } from 'node:fs'
import type { Opened } from '../fs/filesystem.js'
import type { Clock } from '../telemetry/clock.js'
import { FailedReads } from './failed-reads.js'
import type { GivenBlocks } from './given-blocks.js'
import { operation, type Argument, type OnClosed } from './kernel.js'
import { asked, num, type Call, type CallRunner, type HandlerOf } from './kernel-call.js'
import type { KernelReplies } from './kernel-replies.js'
import type { Opener } from './callers/handle-processes.js'
import { isForWriting, type Created, type Operations } from './operations.js'
import { QuietCloses } from './quiet-closes.js'

export interface OpenFileCallsOptions {
  readonly operations: Operations
  readonly runner: CallRunner
  readonly replies: KernelReplies
  readonly blocks: GivenBlocks
  readonly clock: Clock
}

export class OpenFileCalls {
  readonly #operations: Operations
  readonly #runner: CallRunner
  readonly #replies: KernelReplies
  readonly #blocks: GivenBlocks
  readonly #clock: Clock
  readonly #failedReads: FailedReads
  readonly #quiet: QuietCloses

  constructor(options: OpenFileCallsOptions) {
    this.#operations = options.operations
    this.#runner = options.runner
    this.#replies = options.replies
    this.#blocks = options.blocks
    this.#clock = options.clock
    this.#failedReads = new FailedReads(options.clock)
    this.#quiet = new QuietCloses(() => options.replies.tellClosed())
  }

  handlers(): readonly HandlerOf[] {
    const [ops, runner] = [this.#operations, this.#runner]
    return [
      [operation.open, (call, [flags, ...caller]) => this.#open(call, num(flags), openerOf(call, num(flags), caller))],
      [operation.create, (call, [flags, ...caller]) => this.#create(call, openerOf(call, num(flags), caller))],
      [operation.read, (call, [handle, length, position]) => this.#read(call, num(handle), num(length), num(position))],
      [operation.write, (call, args) => this.#write(call, args)],
      [
        operation.flush,
        (call, [handle, faults]) => {
          const closer = { pid: call.pid, faultsIfAlone: known(faults) }
          runner.act('flush', call, (signal) => ops.flush(call.path, num(handle), closer, signal))
        },
      ],
      [operation.fsync, (call, [handle]) => runner.act('fsync', call, (signal) => ops.fsync(num(handle), signal))],
      [operation.release, (call, [handle]) => this.#release(call, num(handle))],
    ]
  }

  #open(call: Call, flags: number, opener: Opener): void {
    const isForgiven = isForWriting(flags) ? {} : { id: call.unique }
    this.#runner.answer(
      { ...asked('open', call), ...isForgiven },
      call,
      (opened: Opened) => {
        if (!this.#replies.opened(call.unique, opened)) this.#giveBack(opened.handle)
        else if (typeof opened.content === 'object') this.#knownToBinding(opened)
      },
      (signal) => this.#operations.open(call.path, flags, opener, signal),
    )
  }

  #knownToBinding({ handle, readBy }: Opened): void {
    this.#quiet.opened()
    readBy?.(this.#blocks.readerOf(handle))
  }

  #create(call: Call, opener: Opener): void {
    this.#runner.change(
      'create',
      call,
      ({ handle, attributes }: Created) => {
        if (!this.#replies.created(call.unique, handle, attributes)) this.#giveBack(handle)
      },
      (signal) => this.#operations.create(call.path, opener, signal),
    )
  }

  /** Whoever opened it is gone: the kernel will not release it. */
  #giveBack(handle: number): void {
    void this.#operations.release(handle).catch(() => undefined)
  }

  #read(call: Call, handle: number, length: number, position: number): void {
    const failure = this.#failedReads.of(handle, call.age)
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

  /** One that nobody waits for. @see OnClosed */
  readonly closed: OnClosed = (handle, answered, displaced) => {
    this.#quiet.closed()
    this.#failedReads.released(handle)
    // With the handle goes what is read ahead: that fails for nobody.
    void this.#operations.release(handle, answered).catch(() => undefined)
    if (displaced === undefined) return
    const nobodys: Call = { unique: 0, age: 0, pid: 0, path: displaced }
    this.#runner.act('release', nobodys, (signal) => this.#operations.unlink(displaced, signal))
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

/** @param caller the process, and its faults of children */
function openerOf({ pid }: Call, flags: number, [process, faults]: readonly Argument[]): Opener {
  return {
    pid,
    caller: num(process) === 0 ? 'unknown' : { process: num(process), faults: known(faults) },
    // What is written through a mapping is read through it as well. @see mmap(2), EACCES
    mayBeMapped: (flags & constants.O_RDWR) !== 0,
  }
}

/** What can't be told is negative. */
function known(number: Argument): number | undefined {
  return num(number) < 0 ? undefined : num(number)
}
