/**
 * Threads that read /proc for this one, which must never wait for it: a process in execve(2) that closes a file of ours holds
 * a lock that the reader needs, and waits for our answer. Not in libuv's threads either: they are four, and journal and spool
 * need them.
 */
import { inTime } from '../../patience.js'
import { Worker } from 'node:worker_threads'
import type { Milliseconds } from '../../units.js'
import type { Answer, Answers, Kind, Question } from './process-questions.js'

export interface ProcessReadersOptions {
  /** That answer at the same time. */
  readonly count: number
  /** After which a question can't be answered. */
  readonly patience: Milliseconds
  /** Replaceable for tests. */
  readonly program?: URL
}

/** One that waits for an answer. */
interface Wait {
  readonly question: Question
  readonly end: (answer: Answer | undefined) => void
}

interface Reader {
  readonly worker: Worker
  /** The process of which it reads. */
  readonly reading: Int32Array
  /** It has answered. */
  isReady: boolean
  wait: Wait | undefined
  /** Nobody waits for its answer any more, and it has not come. */
  isStuck: boolean
}

/** Readers beyond `count`, in the place of those that are stuck. */
const mostStuck = 4
/** A thread's start, on a machine that is busy. */
const startWithin: Milliseconds = 1_000
const endWithin: Milliseconds = 250

export class ProcessReaders {
  readonly #options: ProcessReadersOptions
  readonly #readers = new Set<Reader>()
  /** In order. */
  readonly #waiting = new Set<Wait>()
  readonly #onExit = (): void => this.#leave()
  #isClosed = false

  constructor(options: ProcessReadersOptions) {
    this.#options = options
    process.on('exit', this.#onExit)
  }

  /** @returns undefined if it can't be told, or not in time */
  ask<K extends Kind>(question: Extract<Question, { kind: K }>): Promise<Answers[K] | undefined> {
    if (this.#isClosed || this.#isStuckOn(pidsOf(question))) return Promise.resolve(undefined)
    return new Promise<Answer | undefined>((resolve) => {
      const { patience } = this.#options
      const isWarm = [...this.#readers].some((it) => it.isReady)
      const timer = setTimeout(() => late(), isWarm ? patience : Math.max(patience, startWithin))
      const wait: Wait = {
        question,
        end: (answer) => {
          clearTimeout(timer)
          resolve(answer)
        },
      }
      // An answer that came while this thread was busy is read before.
      const late = (): void => void setImmediate(() => this.#late(wait))
      this.#waiting.add(wait)
      this.#next()
    }) as Promise<Answers[K] | undefined>
  }

  /** A question will come soon: a thread starts for it, which takes longer than most answers. */
  warmUp(): void {
    if (this.#isClosed || this.#readers.size > 0) return
    try {
      this.#start()
    } catch {
      // Whoever asks is told.
    }
  }

  /** The process whose files a reader is stuck at, if one is. */
  get stuckOn(): readonly number[] {
    return [...this.#readers].filter((it) => it.isStuck).map((it) => Atomics.load(it.reading, 0))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const wait of this.#waiting) wait.end(undefined)
    this.#waiting.clear()
    const ends = [...this.#readers].map(({ worker }) => worker.terminate())
    await inTime(Promise.all(ends), endWithin)
    if (this.#readers.size === 0) process.off('exit', this.#onExit)
  }

  #isStuckOn(pids: readonly number[]): boolean {
    const stuck = this.stuckOn
    return stuck.length > 0 && pids.some((pid) => stuck.includes(pid))
  }

  #next(): void {
    for (const wait of this.#waiting) {
      const reader = this.#idle()
      if (reader === 'busy') return
      this.#waiting.delete(wait)
      if (!reader) wait.end(undefined)
      else {
        reader.wait = wait
        reader.worker.postMessage(wait.question)
      }
    }
  }

  /** @returns undefined if no thread can be had */
  #idle(): Reader | 'busy' | undefined {
    const all = [...this.#readers]
    const idle = all.find((it) => !it.wait && !it.isStuck)
    if (idle) return idle
    const stuck = all.filter((it) => it.isStuck).length
    const isRoom = all.length - stuck < this.#options.count && stuck <= mostStuck
    if (!isRoom) return 'busy'
    try {
      return this.#start()
    } catch {
      return undefined
    }
  }

  #start(): Reader {
    const reading = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const worker = new Worker(this.#options.program ?? new URL('process-reader.js', import.meta.url), {
      workerData: { reading },
      // What this process was started with may be meant for it alone.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    })
    const reader: Reader = { worker, reading, isReady: false, wait: undefined, isStuck: false }
    this.#readers.add(reader)
    const ended = (): void => {
      this.#readers.delete(reader)
      this.#answered(reader, undefined)
    }
    worker.on('message', (answer: Answer | undefined) => this.#answered(reader, answer))
    worker.on('error', ended).on('exit', ended)
    worker.unref()
    return reader
  }

  #answered(reader: Reader, answer: Answer | undefined): void {
    const { wait } = reader
    reader.wait = undefined
    reader.isStuck = false
    reader.isReady = true
    wait?.end(answer)
    const isTooMany = [...this.#readers].filter((it) => !it.isStuck).length > this.#options.count
    if (isTooMany) void reader.worker.terminate()
    this.#next()
  }

  #late(wait: Wait): void {
    this.#waiting.delete(wait)
    wait.end(undefined)
    for (const reader of this.#readers) {
      if (reader.wait !== wait) continue
      reader.wait = undefined
      reader.isStuck = true
    }
    this.#next()
  }

  /** Node waits for its threads when it ends: for one that waits for the kernel that could be for ever. */
  #leave(): void {
    if (this.stuckOn.length > 0) process.kill(process.pid, 'SIGKILL')
  }
}

/** Of which processes something is read, as far as that is known before. */
function pidsOf(question: Question): readonly number[] {
  switch (question.kind) {
    case 'caller':
    case 'ending':
      return [question.pid]
    case 'closing':
      return question.seen.map(([pid]) => pid)
    case 'users':
      return []
  }
}
