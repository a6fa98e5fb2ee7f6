/**
 * What /proc has of one process. Links are read, never followed: that would be a call on our own mount. All of it blocks,
 * some of it while the process is in execve(2): for use in a thread that may.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { codeOf } from '../../errors.js'
import { ourType, parseMountInfo, type MountInfo } from '../mountinfo.js'

/** What can be read whatever the process is at. */
export interface ProcessStatus {
  /** Of which the thread that was asked for is one. */
  readonly process: number
  readonly threads: number
  /** It has ended, and its parent has not asked how. Other threads of it may go on. */
  readonly isZombie: boolean
  /** Its memory is gone: it is about to give back its descriptors, or has done so. */
  readonly isExiting: boolean
  readonly isDumping: boolean
  /** It closes what it leaves to close-on-exec, and holds a lock that readers of most files wait for. */
  readonly isInExec: boolean
  /** It ignores SIGCHLD: its children end without a trace. */
  readonly ignoresChildren: boolean
}

/** @see PF_EXITING, PF_SIGNALED in linux/sched.h */
const exiting = 0x4
const signaled = 0x400

/** Its bit in CapEff. @see capabilities(7) */
const mayTraceAll = 1n << 19n

/** Of two names of one signal the first: SIGABRT, not SIGIOT. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
)

/** What comes before the path, where that is of a file. @see proc(5), /proc/pid/maps */
const sharedMapping = /^\S+ ..[x-]s \S+ \S+ [1-9]\d* +/

/** Has files of its own, for which there are no descriptors. */
const ring = 'anon_inode:[io_uring]'

/**
 * Whether a path that the kernel tells may be of a file of that name, which may end itself as the kernel ends what was
 * deleted. A file that is a mount by itself, and in no place any more, is called as the root is.
 */
function mayBeNamed(path: string, name: string): boolean {
  return (
    path === '/' || path === ring || basename(path) === name || basename(path.replace(/ \(deleted\)$/, '')) === name
  )
}

/** Below a view, and not in a folder that can be written. */
const readOnly = /^\/[^/]+\/[^/]+\/(?!send\/|new\/)[^/]+\//

/** Whether a descriptor may be of a file of ours that can be written. @param link what it is open on */
export function mayBeOurs(link: string, { type, root, mountpoint }: MountInfo): boolean {
  const folder = mountpoint === '/' ? '/' : `${mountpoint}/`
  // By other paths than the mount's it can't be told.
  const path = link.startsWith(folder) ? `${root === '/' ? '' : root}/${link.slice(folder.length)}` : ''
  return type === ourType && !readOnly.test(path)
}

/** @see proc(5), /proc/pid/fdinfo */
const mountOf = /^mnt_id:\s*(\d+)$/m

/** All throw what the kernel says, where it does not say that there is no such process. */
export class ProcessFiles {
  readonly #onRead: (pid: number) => void
  readonly #mayBeOurs: typeof mayBeOurs
  #seesAllEnds: boolean | undefined

  /**
   * @param onRead is told of which process something is read, before it is
   * @param isOurs replaceable for tests
   */
  constructor(onRead: (pid: number) => void, isOurs = mayBeOurs) {
    this.#onRead = onRead
    this.#mayBeOurs = isOurs
  }

  /** @returns undefined if there is none (any more) */
  status(pid: number): ProcessStatus | undefined {
    const text = this.#text(pid, 'status')
    if (text === undefined) return undefined
    const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1]
    return {
      process: Number(field('Tgid')),
      threads: Number(field('Threads')),
      isZombie: field('State') === 'Z' || field('State') === 'X',
      isExiting: field('VmSize') === undefined,
      isDumping: field('CoreDumping') === '1',
      // The new program is not loaded yet.
      isInExec: field('VmExe') === '0',
      ignoresChildren:
        ((Number.parseInt(field('SigIgn')?.slice(-8) ?? '', 16) >> (constants.signals.SIGCHLD - 1)) & 1) === 1,
    }
  }

  /** The signal that is ending it, if one is; `gone` if it is there no more. Only for what `isExiting` or `isDumping`. */
  endingSignal(pid: number, { isDumping }: ProcessStatus): string | undefined {
    const stat = this.#stat(pid)
    if (!stat) return 'gone'
    if ((stat(9) & exiting) === 0 && !isDumping) return undefined
    const signal = stat(52) & 0x7f
    if (signal !== 0) return signalNames.get(signal) ?? `signal ${signal}`
    // Whom we may not trace, of that one the kernel tells 0.
    return !this.#maySeeAllEnds() && this.#areAllSignaled(pid) ? 'a signal' : undefined
  }

  /** In clock ticks since the machine's start; undefined if it has ended. */
  startTime(pid: number): number | undefined {
    return this.#stat(pid)?.(22)
  }

  /** Minor page faults of children that it has waited for; undefined if it has ended. */
  faultsOfChildren(pid: number): number | undefined {
    return this.#stat(pid)?.(11)
  }

  /** Of all its threads. Empty where it has ended. */
  children(pid: number): number[] {
    const tasks = this.#names(pid, 'task') ?? []
    const lists = tasks.map((task) => this.#text(pid, `task/${task}/children`) ?? '')
    return lists.flatMap((list) => list.split(' ').filter((it) => it !== '')).map(Number)
  }

  /** How many descriptors it has; since Linux 6.2 that costs nothing. */
  descriptors(pid: number): number {
    this.#onRead(pid)
    const { size } = statSync(`/proc/${pid}/fd`, { throwIfNoEntry: false }) ?? { size: 0 }
    return size > 0 ? size : (this.#names(pid, 'fd')?.length ?? 0)
  }

  /** What its descriptors are open on, what it works in, and what it runs; without `also` the descriptors alone. */
  links(pid: number, also: readonly string[] = []): string[] {
    const fds = this.#names(pid, 'fd') ?? []
    return [...also, ...fds.map((fd) => `fd/${fd}`)].map((name) => this.#link(pid, name))
  }

  /** Whether one of its descriptors may be open on a file of ours whose name is that, by whatever path. */
  mayHaveOpen(pid: number, name: string): boolean {
    const fds = this.#names(pid, 'fd') ?? []
    const links = fds.map((fd) => [fd, this.#link(pid, `fd/${fd}`)] as const)
    const alike = links.filter(([, link]) => mayBeNamed(link, name))
    // Who copies a file has the one open that he copies, too, as a rule by the same name.
    const mounts = parseMountInfo(this.#text(pid, 'mountinfo') ?? '')
    return this.#areSomeOurs(pid, alike, mounts) || mounts.some((it) => this.#mayBeMounted(it, name))
  }

  /** Whether one of its mappings that write to a file is of one of that name. */
  hasMapped(pid: number, name: string): boolean {
    const lines = (this.#text(pid, 'maps') ?? '').split('\n').filter((line) => sharedMapping.test(line))
    return lines.some((line) => mayBeNamed(line.replace(sharedMapping, ''), name))
  }

  command(pid: number): string {
    return this.#text(pid, 'comm')?.trim() ?? 'unknown'
  }

  /** Whether this /proc shows all processes, by the numbers that we know them by, with their children. */
  isComplete(): boolean {
    try {
      statSync('/proc/1')
      readFileSync(`/proc/self/task/${process.pid}/children`)
      return readlinkSync('/proc/self') === String(process.pid)
    } catch {
      return false
    }
  }

  #maySeeAllEnds(): boolean {
    this.#seesAllEnds ??= maySeeAllEnds()
    return this.#seesAllEnds
  }

  /** Where one thread ends the process by itself, its others are ended by a signal. */
  #areAllSignaled(pid: number): boolean {
    const tasks = this.#names(pid, 'task') ?? []
    const flags = tasks.map((task) => this.#stat(pid, `task/${task}/stat`)?.(9)).filter((it) => it !== undefined)
    return flags.length > 0 && flags.every((it) => (it & signaled) !== 0)
  }

  /** Those count that are in no mount which the process can see, or where that can't be told. */
  #areSomeOurs(
    pid: number,
    links: readonly (readonly [fd: string, link: string])[],
    all: readonly MountInfo[],
  ): boolean {
    const mounts = new Map(all.map((it) => [it.id, it]))
    return links.some(([fd, link]) => {
      const mount = mounts.get(mountOf.exec(this.#text(pid, `fdinfo/${fd}`) ?? '')?.[1] ?? '')
      return !mount || this.#mayBeOurs(link, mount)
    })
  }

  /** A file of ours may be a mount by itself, and be called whatever that is mounted at. One that was deleted may be any. */
  #mayBeMounted(mount: MountInfo, name: string): boolean {
    const { root } = mount
    const isIt = root !== '/' && (basename(root) === name || root.includes('//deleted'))
    return isIt && this.#mayBeOurs(mount.mountpoint, mount)
  }

  /** Fields by their numbers. @see proc(5), /proc/pid/stat */
  #stat(pid: number, name = 'stat'): ((field: number) => number) | undefined {
    const text = this.#text(pid, name)
    if (text === undefined) return undefined
    // From field 3 on; the name before it may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (field) => Number(fields[field - 3])
  }

  #text(pid: number, name: string): string | undefined {
    return this.#unlessGone(pid, () => readFileSync(`/proc/${pid}/${name}`, 'utf8'))
  }

  #names(pid: number, name: string): string[] | undefined {
    return this.#unlessGone(pid, () => readdirSync(`/proc/${pid}/${name}`))
  }

  #link(pid: number, name: string): string {
    return this.#unlessGone(pid, () => readlinkSync(`/proc/${pid}/${name}`)) ?? ''
  }

  #unlessGone<T>(pid: number, read: () => T): T | undefined {
    this.#onRead(pid)
    try {
      return read()
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '')) return undefined
      throw error
    }
  }
}

/** Whether this process may trace any other: then the kernel tells how each ends. */
function maySeeAllEnds(): boolean {
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return effective !== undefined && (BigInt(`0x${effective}`) & mayTraceAll) !== 0n
  } catch {
    return false
  }
}
