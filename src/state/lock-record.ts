/** What the lock of a state directory says of its holder, and whether that one lives. */
import { randomBytes } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { readOwn } from '../own-files.js'
import { knock } from './holder-socket.js'

export interface LockRecord {
  /** In its own PID namespace. */
  readonly pid: number
  /** Clock ticks from boot to the start of the process: a pid comes again, the pair does not. */
  readonly startTime: string
  readonly mountpoint: string
  readonly bucket: string
  /** The name, in the directory, on which it listens as long as it lives. Undefined before 0.3: the pid decides. */
  readonly socket?: string
  /** Which boot of which machine. */
  readonly boot?: string
  readonly pidNamespace?: string
}

/** What the files are named by that a lock is made with, all of which `state-directory.ts` knows by their beginning. */
const socketPrefix = 'lock.held-'

export async function ownRecord(mount: Pick<LockRecord, 'mountpoint' | 'bucket'>): Promise<Required<LockRecord>> {
  // Not by the pid: /proc may be that of another PID namespace.
  const startTime = (await startTimeOf('self')) ?? '0'
  const socket = `${socketPrefix}${randomBytes(6).toString('hex')}`
  return { pid: process.pid, startTime, ...mount, socket, ...(await here()) }
}

/** @returns undefined if there is none; a record of no process if it makes no sense */
export async function readLock(file: string): Promise<LockRecord | undefined> {
  const text = await readOwn(file)
  return text === undefined ? undefined : parse(text)
}

/** What tells one holder from all others: two containers that start at once may have the same pid and start. */
export function identityOf({ socket, pid, startTime }: LockRecord): string {
  return socket === undefined ? `${pid}-${startTime}` : socket.slice(socketPrefix.length)
}

/** The holder, for a sentence: in another PID namespace its pid means another process, or none. */
export async function named({ pid, pidNamespace }: LockRecord): Promise<string> {
  const isHere = pidNamespace === undefined || pidNamespace === (await here()).pidNamespace
  return isHere ? `process ${pid}` : `a process of another container (there ${pid})`
}

/**
 * Whether the holder lives. Where that can't be told, it does: nothing is ever sent by two.
 * @throws the system's own error if its socket can't be asked
 */
export async function isAlive(directory: string, record: LockRecord): Promise<boolean> {
  if (record.socket === undefined) return isProcess(record)
  const found = await knock(directory, record.socket)
  if (found !== 'missing') return found === 'alive'
  // Somebody took the socket away, or what is here is a copy without it.
  return !(await isGone(record))
}

/** Whether the holder is dead for certain, whatever became of its socket. */
export async function isGone(record: LockRecord): Promise<boolean> {
  const { boot, pidNamespace } = await here()
  if (record.boot !== boot) return true
  return record.pidNamespace === pidNamespace && !(await isProcess(record))
}

async function here(): Promise<Pick<Required<LockRecord>, 'boot' | 'pidNamespace'>> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
  return { boot, pidNamespace: await readlink('/proc/self/ns/pid').catch(() => '') }
}

function parse(text: string): LockRecord {
  const nobody: LockRecord = { pid: 0, startTime: '0', mountpoint: '', bucket: '' }
  try {
    const value = JSON.parse(text) as Partial<LockRecord> | null
    if (typeof value?.pid !== 'number' || !/^\d+$/.test(String(value.startTime))) return nobody
    if (value.socket !== undefined && !/^lock\.held-[0-9a-f]+$/.test(value.socket)) return nobody
    return { ...nobody, ...value }
  } catch {
    return nobody
  }
}

async function isProcess({ pid, startTime }: LockRecord): Promise<boolean> {
  return pid > 0 && (await startTimeOf(pid)) === startTime
}

/** Field 22 of /proc/<pid>/stat; undefined for no process, and for a zombie, which holds nothing. @see proc(5) */
async function startTimeOf(pid: number | 'self'): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' ? undefined : fields[18]
}
