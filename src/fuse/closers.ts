/**
 * Who closes a file, and how. FUSE tells of each close(2), but not whether it was the last one, and not whether a process
 * closed its file or was killed; /proc does. Links there are read, never followed: that would be a call on our own mount.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import type { Close } from '../fs/filesystem.js'

/** Enough for a shell with its pipelines; beyond that nothing is concluded. */
const mostProcesses = 64
const mostDescriptors = 4_096
/** @see PF_EXITING in linux/sched.h */
const exiting = 0x4

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

export class Closers {
  /** Processes that were seen with a handle: its opener, those who closed it, and who inherited it from them. */
  readonly #seen = new Map<number, Set<number>>()

  /** @param pid of the caller; undefined or 0 where the binding or the kernel does not tell */
  opened(handle: number, pid: number | undefined): void {
    this.#seen.set(handle, new Set([pid ?? 0]))
  }

  released(handle: number): void {
    this.#seen.delete(handle)
  }

  /** A process closes one of the handle's descriptors: it is out of its table already. */
  closing(handle: number, path: string, pid: number | undefined): Close {
    return {
      isLast: () => this.#isLast(handle, basename(path), pid ?? 0),
      killedBy: () => killedBy(pid ?? 0),
    }
  }

  #isLast(handle: number, name: string, closer: number): boolean {
    const seen = this.#seen.get(handle)
    if (!seen) return false
    seen.add(closer)
    if (seen.has(0)) return false
    for (const pid of seen) {
      const children = childrenOf(pid)
      if (!children || seen.size + children.length > mostProcesses) return false
      // A set goes on with what is added to it: grandchildren come too.
      for (const child of children) seen.add(child)
    }
    return [...seen].every((pid) => hasOpen(pid, name) === false)
  }
}

/**
 * By the last part of the name, as other mount namespaces have other paths: rather one too many than one too few.
 * @returns undefined if it can't be told
 */
function hasOpen(pid: number, name: string): boolean | undefined {
  try {
    const descriptors = readdirSync(`/proc/${pid}/fd`)
    if (descriptors.length > mostDescriptors) return undefined
    return descriptors.some((fd) => basename(linkOf(`/proc/${pid}/fd/${fd}`)) === name)
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

/** The signal that is ending a process. @see proc(5), /proc/pid/stat, fields 9 and 52 */
function killedBy(pid: number): string | undefined {
  if (pid === 0) return undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // From field 3 on; the name before it may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if ((Number(fields[9 - 3]) & exiting) === 0) return undefined
    const signal = Number(fields[52 - 3]) & 0x7f
    return signal === 0 ? undefined : (signalNames.get(signal) ?? `signal ${signal}`)
  } catch {
    return undefined
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
}
