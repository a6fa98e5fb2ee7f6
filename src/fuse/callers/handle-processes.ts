/**
 * Which processes have a handle's file open, and how they close it. FUSE tells of each close(2), but not whether it was the last
 * one, and not whether a process closed its file or was killed; /proc does, if it answers in time.
 */
import { basename } from 'node:path'
import { LRUCache } from 'lru-cache'
import type { Close, Closed } from '../../fs/filesystem.js'
import { isHiddenName } from '../../hidden-name.js'
import type { Milliseconds } from '../../units.js'
import type { Caller, Ending } from './process-questions.js'
import { ProcessReaders, type ProcessReadersOptions } from './process-readers.js'

/** What a process does may keep the kernel from telling: nobody notices so much. */
const patience: Milliseconds = 40
/**
 * What it never keeps from us: who opens, writes or is ended. It is waited for longer, as it decides whether what a killed
 * process left behind is sent: only a machine that is busy is so slow.
 */
const statusPatience: Milliseconds = 10_000
/** The kernel, and so /proc, has the new name only a moment after a rename was answered. */
const renamedFor: Milliseconds = 10_000
const mostRenamed = 100_000
const mostSeen = 64
const mostWriters = 4_096

/** Who opens a file. */
export interface Opener {
  /** Of the calling thread; undefined or 0 where the binding or the kernel does not tell. */
  readonly pid: number | undefined
  /** Where the binding has looked already: who it is, as far as that can be told. */
  readonly caller?: Caller | 'unknown'
  /** It may be written through a mapping, which outlives the descriptor. */
  readonly mayBeMapped?: boolean
}

/** Who closes one. */
export interface Closer {
  /** @see Opener */
  readonly pid: number | undefined
  /** Its faults of children, where the binding has looked already: it is alone, goes on, and has the file open no more. */
  readonly faultsIfAlone?: number | undefined
}

/** A handle of the kernel's that may write. */
interface Use {
  /**
   * Processes that were seen with it, each with its faults of children then: its opener, those who wrote to it or closed
   * it, and who inherited it from them.
   */
  readonly seen: Map<number, number | undefined>
  /** Processes and threads that opened it or wrote to it. */
  readonly writers: Set<number>
  /** Of these the processes. */
  readonly writingProcesses: Set<number>
  /** Of these the ones that have not closed it since: they may share the descriptors of another. */
  readonly unclosed: Set<number>
  /** Somebody opened it or wrote to it, and it can't be told who. */
  isUnknownWriter: boolean
  /** Somebody wrote to it, and nobody has closed it since. */
  isUnclosed: boolean
  /** Somebody may have it who is not among the seen. */
  isDoubtful: boolean
  readonly mayBeMapped: boolean
}

/** What ended a process that is gone. */
const unseen = 'an unknown cause, without a close(2)'
const nothing: Closed = { isLast: false, killedBy: undefined }

export class HandleProcesses {
  readonly #handles = new Map<number, Use>()
  /** Paths that something was renamed from, or to, a moment ago. */
  readonly #renamed = new LRUCache<string, true>({ ttl: renamedFor, max: mostRenamed })
  readonly #readers: ProcessReaders
  readonly #statusReaders: ProcessReaders

  /** @param program that reads /proc: replaceable for tests */
  constructor(program: Pick<ProcessReadersOptions, 'program'> = {}) {
    this.#readers = new ProcessReaders({ count: 2, patience, ...program })
    this.#statusReaders = new ProcessReaders({ count: 1, patience: statusPatience, ...program })
  }

  /**
   * Looks who opens a file while that one waits for its open(2): what it does after that counts.
   * @param opening resolves to the handle
   * @returns the handle, when it may be answered
   */
  async opened(opening: Promise<number>, opener: Opener): Promise<number> {
    const { pid, mayBeMapped = false } = opener
    // Of others the binding tells how they close it.
    if (mayBeMapped || opener.caller === undefined) this.#readers.warmUp()
    const [handle, caller] = await Promise.all([opening, this.#callerOf(opener)])
    const process = caller?.process
    this.#handles.set(handle, {
      seen: new Map([[process ?? 0, caller?.faults]]),
      writers: new Set([pid ?? 0, ...(process === undefined ? [] : [process])]),
      writingProcesses: new Set(process === undefined ? [] : [process]),
      unclosed: new Set(),
      isUnknownWriter: process === undefined,
      isUnclosed: false,
      isDoubtful: process === undefined,
      mayBeMapped,
    })
    return handle
  }

  /**
   * A process writes to it: it has the file open, whoever opened it. 0: the kernel, for a mapping.
   * @returns what the answer to its first write must wait for, as it may end after that; undefined: nothing
   */
  wrote(handle: number, pid: number | undefined): Promise<void> | undefined {
    const open = this.#handles.get(handle)
    if (!open) return undefined
    if (pid === 0) {
      if (open.mayBeMapped) open.isUnclosed = true
      return undefined
    }
    open.isUnclosed = true
    if (pid !== undefined && open.writingProcesses.has(pid)) open.unclosed.add(pid)
    if (pid === undefined) open.isUnknownWriter = true
    if (pid === undefined || open.isUnknownWriter || open.writers.has(pid)) return undefined
    open.writers.add(pid)
    if (open.writers.size > mostWriters) open.isUnknownWriter = true
    return this.#statusReaders.ask<'ending'>({ kind: 'ending', pid }).then((answer) => {
      if (answer?.process === undefined) open.isUnknownWriter = true
      else {
        open.writers.add(answer.process)
        open.writingProcesses.add(answer.process)
        open.unclosed.add(answer.process)
      }
      noteProcess(open, answer?.process ?? pid)
    })
  }

  /**
   * Nobody has it open any more.
   * @returns what has ended who wrote to it, where that was not closed: one whose file is a ring's (io_uring) has no descriptor
   */
  released(handle: number): Promise<string | undefined> | undefined {
    const open = this.#handles.get(handle)
    this.#handles.delete(handle)
    return open?.isUnclosed === true ? this.#endOf(open.writingProcesses, true) : undefined
  }

  /** A rename begins, or has ended: who is looked for by one of these names meanwhile may have the other one. */
  renamed(from: string, to: string): void {
    for (const path of [from, to]) this.#renamed.set(path, true)
  }

  /** A process closes one of the handle's descriptors: it is out of its table already. */
  closing(handle: number, path: string, closer: Closer): Close {
    const open = this.#handles.get(handle)
    if (open) open.isUnclosed = false
    return { closed: () => this.#closed(this.#handles.get(handle), path, closer) }
  }

  /** @returns undefined if it can't be told */
  async #callerOf({ pid, caller }: Opener): Promise<Caller | undefined> {
    if (caller !== undefined) return caller === 'unknown' ? undefined : caller
    return pid ? this.#statusReaders.ask<'caller'>({ kind: 'caller', pid }) : undefined
  }

  async #closed(open: Use | undefined, path: string, { pid = 0, faultsIfAlone }: Closer): Promise<Closed> {
    // It was removed or replaced while it was open, or renamed a moment ago: its processes may call it by another name.
    const isNamed = !isHiddenName(path) && !this.#renamed.has(path)
    if (open && isNamed && isAlone(open, pid, faultsIfAlone)) {
      open.unclosed.delete(pid)
      return { isLast: true, killedBy: undefined }
    }
    if (pid === 0) {
      if (open) open.isDoubtful = true
      return nothing
    }
    const last = open && isNamed ? await this.#isLast(open, basename(path), pid) : undefined
    if (open) noteProcess(open, pid)
    const ending = last?.ending ?? (await this.#statusReaders.ask<'ending'>({ kind: 'ending', pid }))
    if (ending?.process !== undefined) open?.unclosed.delete(ending.process)
    const isLast = last?.isLast === true && !this.#renamed.has(path)
    const killedBy = ending && signalOf(ending, open, pid)
    return { isLast, killedBy: killedBy ?? (open && (await this.#endOf(open.unclosed))) }
  }

  /** What has ended some of these, who are not to end before they have left the set; undefined: nothing. */
  async #endOf(processes: ReadonlySet<number>, isReleased = false): Promise<string | undefined> {
    const asked = [...processes].map(async (pid) => {
      const ending = await this.#statusReaders.ask<'ending'>({ kind: 'ending', pid })
      if (!processes.has(pid)) return undefined
      // Who ends has yet to close what he has; of what was released there is nothing left to close.
      const isGone = ending?.process === undefined || (isReleased && ending.hasEnded === true)
      return ending?.signal ?? (isGone ? unseen : undefined)
    })
    const ends = (await Promise.all(asked)).filter((it) => it !== undefined)
    return ends.find((it) => it !== unseen) ?? ends[0]
  }

  /** @returns undefined if it can't be told */
  async #isLast(
    open: Use,
    name: string,
    pid: number,
  ): Promise<{ readonly isLast: boolean; readonly ending: Ending } | undefined> {
    noteProcess(open, pid)
    if (open.isDoubtful) return undefined
    const { mayBeMapped, seen } = open
    const { size } = seen
    const answer = await this.#readers.ask<'closing'>({ kind: 'closing', pid, name, mayBeMapped, seen: [...seen] })
    // Somebody else has come meanwhile, whose children were not looked at.
    const isCurrent = open.seen.size === size
    if (!answer) open.isDoubtful = true
    for (const child of answer?.found ?? []) noteProcess(open, child)
    return answer && { isLast: answer.isLast && isCurrent, ending: answer }
  }
}

/** A child begins without faults of children. */
function noteProcess(open: Use, pid: number): void {
  if (!open.seen.has(pid)) open.seen.set(pid, 0)
  if (open.seen.size > mostSeen) open.isDoubtful = true
  // They are not asked for any more, and there may be any number.
  if (open.isDoubtful) open.seen.clear()
}

/** Whether who closes it is the only one who was ever seen with it, and none of its children has ended since. */
function isAlone({ isDoubtful, mayBeMapped, seen }: Use, pid: number, faults: number | undefined): boolean {
  return faults !== undefined && !isDoubtful && !mayBeMapped && seen.size === 1 && seen.get(pid) === faults
}

/** One that has only inherited the file, and never wrote to it, leaves nothing half-written behind. */
function signalOf({ signal, process }: Ending, open: Use | undefined, pid: number): string | undefined {
  const isWriter =
    !open || open.isUnknownWriter || process === undefined || open.writers.has(pid) || open.writers.has(process)
  return isWriter ? signal : undefined
}
