/** Answers what is asked of /proc. Blocks: it belongs into a thread that may. */
import { readdirSync } from 'node:fs'
import type { ProcessFiles } from './process-files.js'
import type { Answer, Caller, Closing, Ending, MountUser, Question } from './process-questions.js'

type ClosingQuestion = Extract<Question, { readonly kind: 'closing' }>

/** Enough for a shell with its pipelines; beyond that nothing is concluded. */
const mostProcesses = 64
/** Threads and descriptors that are looked at for one close: some 5 µs each. */
const mostFiles = 1_000

/** @returns undefined if it can't be told */
export function answerTo(question: Question, files: ProcessFiles): Answer | undefined {
  switch (question.kind) {
    case 'caller':
      return callerOf(question.pid, files)
    case 'ending':
      return endingOf(question.pid, files)
    case 'closing':
      return closingOf(question, files)
    case 'users':
      return usersOf(question.mountpoint, new Set(question.except), files)
  }
}

function callerOf(pid: number, files: ProcessFiles): Caller | undefined {
  const status = files.status(pid)
  return status && { process: status.process, faults: files.faultsOfChildren(pid) }
}

function endingOf(pid: number, files: ProcessFiles): Ending {
  const status = files.status(pid)
  const mayBeKilled = status !== undefined && (status.isExiting || status.isDumping)
  const signal = mayBeKilled ? files.endingSignal(pid, status) : undefined
  // Its parent may have asked how it ended in between.
  if (signal === 'gone') return { process: undefined, signal: undefined }
  return { process: status?.process, signal, ...(mayBeKilled && signal === undefined ? { hasEnded: true } : {}) }
}

function closingOf({ pid, ...sought }: ClosingQuestion, files: ProcessFiles): Closing | undefined {
  if (!files.isComplete()) return undefined
  const search = new DescriptorSearch(sought, files)
  return { ...endingOf(pid, files), isLast: search.isLast(), found: search.found }
}

/** Goes through the processes that were seen with a file, and their descendants. */
class DescriptorSearch {
  readonly found: number[] = []
  readonly #name: string
  readonly #mayBeMapped: boolean
  readonly #files: ProcessFiles
  readonly #seen: Map<number, number | undefined>
  readonly #known: ReadonlySet<number>
  #left = mostFiles

  constructor({ name, mayBeMapped, seen }: Omit<ClosingQuestion, 'pid'>, files: ProcessFiles) {
    this.#name = name
    this.#mayBeMapped = mayBeMapped
    this.#files = files
    this.#seen = new Map(seen)
    this.#known = new Set(this.#seen.keys())
  }

  /** Goes on when it knows better: whose children are found now is not lost sight of when their parents end. */
  isLast(): boolean {
    let isLast = true
    // A map goes on with what is added to it: grandchildren come too.
    for (const [pid, faults] of this.#seen) {
      if (this.#seen.size > mostProcesses || this.#left < 0) return false
      isLast = this.#isWithout(pid, faults, isLast) && isLast
    }
    return isLast
  }

  /** In this order: a child that is born, or ends, in between is noticed. */
  #isWithout(pid: number, faults: number | undefined, isAsked: boolean): boolean {
    const status = this.#files.status(pid)
    if (!status) return true
    if (status.process !== pid) {
      this.#add(status.process)
      return true
    }
    // Of one that was known, its own close was told of, and its children with it.
    if (status.isZombie && status.threads <= 1) return this.#known.has(pid)
    const isPlain = !status.isZombie && !status.isInExec && !status.ignoresChildren
    const isClear = isAsked && isPlain && !this.#hasOpen(pid)
    this.#left -= status.threads
    if (this.#left < 0) return false
    for (const child of this.#files.children(pid)) this.#add(child)
    // More of them: a child has ended whose own children, now somebody else's, may have the file open out of our sight.
    return isClear && (this.#files.faultsOfChildren(pid) ?? faults) === faults
  }

  #hasOpen(pid: number): boolean {
    this.#left -= this.#files.descriptors(pid)
    return this.#left < 0 || this.#files.mayHaveOpen(pid, this.#name) || this.#hasMapped(pid)
  }

  #hasMapped(pid: number): boolean {
    return this.#mayBeMapped && this.#files.hasMapped(pid, this.#name)
  }

  /** A child begins without faults of children. */
  #add(pid: number): void {
    if (this.#seen.has(pid)) return
    this.#seen.set(pid, 0)
    this.found.push(pid)
  }
}

/** Who began first comes first: a shell before the umount(8) that it calls, which their numbers don't tell once they begin anew. */
function usersOf(mountpoint: string, except: ReadonlySet<number>, files: ProcessFiles): MountUser[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const others = pids.map(Number).filter((pid) => pid !== process.pid && !except.has(pid))
  const users = others.map((pid) => userOf(pid, mountpoint, files)).filter((it) => it !== undefined)
  const starts = new Map(users.map(({ pid }) => [pid, files.startTime(pid) ?? 0]))
  return users.sort((a, b) => (starts.get(a.pid) ?? 0) - (starts.get(b.pid) ?? 0))
}

function userOf(pid: number, mountpoint: string, files: ProcessFiles): MountUser | undefined {
  try {
    const path = files
      .links(pid, ['cwd', 'root', 'exe'])
      .find((it) => it === mountpoint || it.startsWith(`${mountpoint}/`))
    return path === undefined ? undefined : { pid, command: files.command(pid), path }
  } catch {
    // Another user's.
    return undefined
  }
}
