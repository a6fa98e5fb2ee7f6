/** The lock of a state directory: a file that names its process. One left behind by a dead process is taken over. */
import { randomBytes } from 'node:crypto'
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../errors.js'
import { readOwn } from '../own-files.js'

export interface LockRecord {
  readonly pid: number
  /** Clock ticks from boot to the start of the process: a pid comes again, the pair does not. */
  readonly startTime: string
  readonly mountpoint: string
  readonly bucket: string
}

export interface Lock {
  release(): Promise<void>
}

/** Tries before giving up; each lost one means that another process came first. */
const maxTries = 100

/** @returns the lock, or who has it */
export async function takeLock(
  directory: string,
  mount: Pick<LockRecord, 'mountpoint' | 'bucket'>,
): Promise<{ readonly lock: Lock } | { readonly holder: LockRecord }> {
  const file = lockFile(directory)
  const record: LockRecord = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '', ...mount }
  const mine = join(directory, `lock.new-${randomBytes(6).toString('hex')}`)
  try {
    await writeFile(mine, `${JSON.stringify(record)}\n`, { mode: 0o600, flag: 'wx', flush: true })
    for (let tries = 0; tries < maxTries; tries++) {
      if (await linked(mine, file)) return { lock: { release: () => removed(file) } }
      const found = await readLock(file)
      if (!found) continue
      const holder = (await isAlive(found)) ? found : await succeed(directory, found, mine)
      if (holder === 'me') return { lock: { release: () => removed(file) } }
      if (holder !== 'again') return { holder }
    }
  } finally {
    await removed(mine)
  }
  throw new Error(`${file} could not be locked`)
}

/** The lock's content, if its process is alive. */
export async function liveLock(directory: string): Promise<LockRecord | undefined> {
  const record = await readLock(lockFile(directory))
  return record && (await isAlive(record)) ? record : undefined
}

/**
 * Takes the place of a dead holder. Who may do so is settled by links named after the one they succeed: each can be made
 * once, and is removed only after the lock was replaced; if a successor dies in between, it is succeeded in turn.
 */
async function succeed(directory: string, dead: LockRecord, mine: string): Promise<LockRecord | 'me' | 'again'> {
  const claims: string[] = []
  for (let last = dead; ;) {
    const claim = join(directory, `lock.after-${last.pid}-${last.startTime}`)
    claims.push(claim)
    if (await linked(mine, claim)) break
    const next = await readLock(claim)
    if (!next) return 'again'
    if (await isAlive(next)) return next
    last = next
  }
  const current = await readLock(lockFile(directory))
  const isMyTurn = current?.pid === dead.pid && current.startTime === dead.startTime
  if (isMyTurn) {
    const again = `${mine}-too`
    await link(mine, again)
    await rename(again, lockFile(directory))
  }
  for (const claim of isMyTurn ? claims : claims.slice(-1)) await removed(claim)
  return isMyTurn ? 'me' : 'again'
}

function lockFile(directory: string): string {
  return join(directory, 'lock')
}

/** @returns undefined if there is none; a record of no process if it makes no sense */
async function readLock(file: string): Promise<LockRecord | undefined> {
  const text = await readOwn(file)
  return text === undefined ? undefined : parse(text)
}

function parse(text: string): LockRecord {
  const nobody: LockRecord = { pid: 0, startTime: '0', mountpoint: '', bucket: '' }
  try {
    const value = JSON.parse(text) as Partial<LockRecord> | null
    if (typeof value?.pid !== 'number' || !/^\d+$/.test(String(value.startTime))) return nobody
    return { ...nobody, ...value }
  } catch {
    return nobody
  }
}

async function isAlive(record: LockRecord): Promise<boolean> {
  return record.pid > 0 && (await startTimeOf(record.pid)) === record.startTime
}

/** Field 22 of /proc/<pid>/stat; undefined for no process, and for a zombie, which holds nothing. @see proc(5) */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' ? undefined : fields[18]
}

async function linked(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function removed(path: string): Promise<void> {
  await unlink(path).catch(() => undefined)
}
