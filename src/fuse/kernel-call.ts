/** A call of the kernel as the compiled binding hands it over: its arguments, and how it is run and answered. */
import type { CancelSignal } from '../cancellation.js'
import type { Milliseconds } from '../units.js'
import type { Answerer, Asked } from './answer.js'
import type { Argument } from './kernel.js'
import type { KernelReplies } from './kernel-replies.js'

export interface Call {
  /** The kernel's number of it, by which it is answered. */
  readonly unique: number
  /** Since it was taken from the kernel. */
  readonly age: Milliseconds
  /** Of the calling thread; 0 where it is in another namespace. */
  readonly pid: number
  /** Of what it is about, as it was called when the call was handed over. */
  readonly path: string
}

/**
 * Decodes a call, runs it, and answers it. What else comes with one is said at `Kernel`'s `OnCall`.
 * @see add_arguments in native/node/telling.c
 */
export type Handler = (call: Call, args: readonly Argument[]) => void
export type Run<T> = (signal: CancelSignal) => Promise<T>

/** One of the calls, and what handles it. @see operation */
export type HandlerOf = readonly [operation: number, handler: Handler]

export class CallRunner {
  readonly #answerer: Answerer
  readonly #replies: KernelReplies

  constructor(answerer: Answerer, replies: KernelReplies) {
    this.#answerer = answerer
    this.#replies = replies
  }

  /** One that changes nothing: who is killed meanwhile is let go. */
  ask<T>(name: string, call: Call, reply: (result: T) => void, run: Run<T>, fail?: (errno: number) => void): void {
    this.answer({ ...asked(name, call), id: call.unique }, call, reply, run, fail)
  }

  /** One that changes something, with nothing to tell but its success. */
  act(name: string, call: Call, run: Run<unknown>): void {
    this.change(name, call, this.done(call), run)
  }

  change<T>(name: string, call: Call, reply: (result: T) => void, run: Run<T>): void {
    this.answer(asked(name, call), call, reply, run)
  }

  /** @param fail answers with an errno; by default it does nothing else */
  answer<T>(
    asked: Asked,
    call: Call,
    reply: (result: T) => void,
    run: Run<T>,
    fail: (errno: number) => void = (errno) => this.#replies.error(call.unique, errno),
  ): void {
    this.#answerer.answer(asked, reply, fail, run)
  }

  /** Success with nothing to tell. */
  done(call: Call): () => void {
    return () => this.#replies.error(call.unique, 0)
  }
}

export function asked(name: string, { path, age }: Call): Asked {
  return { operation: name, path, age }
}

/** An argument that is a number for all calls of a kind: the binding's own code puts it there. */
export function num(argument: Argument): number {
  return argument as number
}
