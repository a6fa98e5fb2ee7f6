/**
 * Who closes a file, and how. FUSE tells of each close(2), but not whether it was the last one, and not whether a process
 * closed its file or was killed; /proc does. Links there are read, never followed: that would be a call on our own mount.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import type { Close } from '../fs/filesystem.js'
import { isHiddenName } from '../fs/hidden-files.js'

/** Enough for a shell with its pipelines; beyond that nothing is concluded. */
const mostProcesses = 64
const mostDescriptors = 1_024
/** @see PF_EXITING in linux/sched.h */
const exiting = 0x4

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

export class Closers {
  /**
   * Processes that were seen with a handle: its opener, those who closed it, and who inherited it from them. With each the
   * page faults of children that it had waited for: when they become more, a child has ended whose own children, now
   * somebody else's, may have the file open out of our sight.
   */
  readonly #seen = new Map<number, Map<number, number | undefined>>()

  /** @param pid of the caller; undefined or 0 where the binding or the kernel does not tell */
  opened(handle: number, pid: number | undefined): void {
    this.#seen.set(handle, new Map([[pid ?? 0, faultsOfChildren(pid ?? 0)]]))
  }

  /** A process writes to it: it has the file open, whoever opened it. Cheap, as this comes with every 128 KiB. */
  wrote(handle: number, pid: number | undefined): void {
    const seen = this.#seen.get(handle)
    // Of threads there may be any number; room is left for those who close it.
    if (seen && pid !== undefined && seen.size < mostProcesses / 2) add(seen, pid)
  }

  released(handle: number): void {
    this.#seen.delete(handle)
  }

  /** A process closes one of the handle's descriptors: it is out of its table already. */
  closing(handle: number, path: string, pid: number | undefined): Close {
    return {
      // libfuse has hidden it, and the kernel calls it by another name.
      isLast: () => !isHiddenName(basename(path)) && this.#isLast(handle, basename(path), pid ?? 0),
      killedBy: () => killedBy(pid ?? 0),
    }
  }

  #isLast(handle: number, name: string, closer: number): boolean {
    const seen = this.#seen.get(handle)
    if (!seen) return false
    add(seen, closer)
    if (seen.has(0)) return false
    let isClear = true
    for (const [pid, faults] of seen) {
      const children = childrenOf(pid)
      if (!children || seen.size + children.length > mostProcesses) return false
      // A map goes on with what is added to it: grandchildren come too.
      for (const child of children) add(seen, child)
      isClear &&= (faultsOfChildren(pid) ?? faults) === faults && hasOpen(pid, name) === false
    }
    return isClear
  }
}

/**
 * By the last part of the name, as other mount namespaces have other paths: rather one too many than one too few.
 * @returns undefined if it can't be told
 */
function hasOpen(pid: number, name: string): boolean | undefined {
  try {
    const folder = `/proc/${pid}/fd`
    // Reading thousands takes milliseconds at each close; since Linux 6.2 the size tells how many there are.
    if (statSync(folder).size > mostDescriptors) return undefined
    const descriptors = readdirSync(folder)
    if (descriptors.length > mostDescriptors) return undefined
    return descriptors.some((fd) => basename(linkOf(`${folder}/${fd}`)) === name)
  } catch (error) {
    // It has ended, or is ending and has given back its descriptors.
    return isGone(error) ? false : undefined
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path).replace(/ \(deleted\)$/, '')
  } catch {
    return ''
  }
}

/** @returns undefined if the kernel does not tell */
function childrenOf(pid: number): number[] | undefined {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    const lists = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'))
    return lists.flatMap((list) => list.split(' ').filter((it) => it !== '')).map(Number)
  } catch (error) {
    return isGone(error) && isProcThere() ? [] : undefined
  }
}

/** `children` is missing everywhere where the kernel was built without it. */
function isProcThere(): boolean {
  try {
    readFileSync(`/proc/self/task/${process.pid}/children`)
    return true
  } catch {
    return false
  }
}

/** A child begins with none. */
function add(seen: Map<number, number | undefined>, pid: number): void {
  if (!seen.has(pid)) seen.set(pid, 0)
}

/** The signal that is ending a process. */
function killedBy(pid: number): string | undefined {
  const stat = statOf(pid)
  if (!stat || (stat(9) & exiting) === 0) return undefined
  const signal = stat(52) & 0x7f
  return signal === 0 ? undefined : (signalNames.get(signal) ?? `signal ${signal}`)
}

/** Minor page faults of children that it has waited for; undefined if it has ended. */
function faultsOfChildren(pid: number): number | undefined {
  return statOf(pid)?.(11)
}

/** Fields by their numbers. @see proc(5), /proc/pid/stat */
function statOf(pid: number): ((field: number) => number) | undefined {
  if (pid === 0) return undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // From field 3 on; the name before it may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (field) => Number(fields[field - 3])
  } catch {
    return undefined
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
}
