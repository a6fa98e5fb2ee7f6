/** The lock of a state directory: a file that names its holder. One left behind by a dead process is taken over. */
import { link, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, isDiskFull } from '../errors.js'
import { knock, listenAs } from './holder-socket.js'
import { identityOf, isAlive, isGone, ownRecord, readLock, type LockRecord } from './lock-record.js'

export interface Lock {
  /** Whether it is still there, and nobody else's. */
  isMine(): Promise<boolean>
  release(): Promise<void>
}

/** Tries before giving up; each lost one means that another process came first. */
const maxTries = 100

type Taken = { readonly lock: Lock } | { readonly holder: LockRecord }

/**
 * @param leftovers sockets that a holder may leave beside those of the lock
 * @returns the lock, or who has it
 * @throws UsageError where the file system has no sockets, or the system's own error
 */
export async function takeLock(
  directory: string,
  mount: Pick<LockRecord, 'mountpoint' | 'bucket'>,
  leftovers: readonly string[] = [],
): Promise<Taken> {
  try {
    return await tookLock(directory, mount)
  } catch (error) {
    // A disk without inodes has as many as a lock takes where the dead holder's sockets were.
    if (!isDiskFull(error) || !(await clearedAfterDead(directory, leftovers))) throw error
    return tookLock(directory, mount)
  }
}

async function tookLock(directory: string, mount: Pick<LockRecord, 'mountpoint' | 'bucket'>): Promise<Taken> {
  const record = await ownRecord(mount)
  // Before anybody can read of it.
  const socket = await listenAs(directory, record.socket)
  let isTaken = false
  try {
    const holder = await takenBy(directory, record)
    if (holder !== 'me') return { holder }
    isTaken = true
    const isMine = () => isHeldBy(directory, record)
    const release = async (): Promise<void> => {
      if (await isMine().catch(() => false)) await removed(lockFile(directory))
      await socket.close()
    }
    return { lock: { isMine, release } }
  } finally {
    if (!isTaken) await socket.close()
  }
}

/** @returns whether the holder is certainly dead, and its sockets are gone now */
async function clearedAfterDead(directory: string, leftovers: readonly string[]): Promise<boolean> {
  const dead = await readLock(lockFile(directory))
  if (dead?.socket === undefined || (await knock(directory, dead.socket)) === 'alive') return false
  // Without its socket nobody could tell any more.
  if (!(await isGone(dead))) return false
  await removed(join(directory, dead.socket))
  for (const name of leftovers) await removedIfDead(directory, name, `lock.left-${identityOf(dead)}`)
  return true
}

/** By another name first: what somebody listens at who has succeeded the dead meanwhile is given back. */
async function removedIfDead(directory: string, name: string, aside: string): Promise<void> {
  const [from, to] = [join(directory, name), join(directory, aside)]
  if ((await knock(directory, name)) !== 'dead') return
  try {
    await rename(from, to)
  } catch {
    return
  }
  if ((await knock(directory, aside)) === 'alive') await rename(to, from)
  else await removed(to)
}

/** The lock's content, if its holder is alive. */
export async function liveLock(directory: string): Promise<LockRecord | undefined> {
  const record = await readLock(lockFile(directory))
  return record && (await isAlive(directory, record)) ? record : undefined
}

async function takenBy(directory: string, record: Required<LockRecord>): Promise<LockRecord | 'me'> {
  const file = lockFile(directory)
  const mine = join(directory, `lock.new-${identityOf(record)}`)
  try {
    await writeFile(mine, `${JSON.stringify(record)}\n`, { mode: 0o600, flag: 'wx', flush: true })
    for (let tries = 0; tries < maxTries; tries++) {
      if (await linked(mine, file)) return 'me'
      const found = await readLock(file)
      if (!found) continue
      if (await isAlive(directory, found)) {
        // It may have been succeeded while it was asked for, its socket taken away.
        if (await isHeldBy(directory, found)) return found
        continue
      }
      const holder = await succeed(directory, found, mine)
      if (holder !== 'again') return holder
    }
  } finally {
    await removed(mine)
  }
  throw new Error(`${file} could not be locked`)
}

/**
 * Takes the place of a dead holder. Who may do so is settled by links named after the one they succeed: each can be made
 * once, and is removed only after the lock was replaced; if a successor dies in between, it is succeeded in turn.
 */
async function succeed(directory: string, dead: LockRecord, mine: string): Promise<LockRecord | 'me' | 'again'> {
  const claims: string[] = []
  const gone: LockRecord[] = []
  for (let last = dead; ;) {
    const claim = join(directory, `lock.after-${identityOf(last)}`)
    claims.push(claim)
    gone.push(last)
    if (await linked(mine, claim)) break
    const next = await readLock(claim)
    if (!next) return 'again'
    if (await isAlive(directory, next)) return next
    last = next
  }
  const isMyTurn = await isHeldBy(directory, dead)
  if (isMyTurn) await rename(mine, lockFile(directory))
  for (const claim of isMyTurn ? claims : claims.slice(-1)) await removed(claim)
  if (!isMyTurn) return 'again'
  for (const { socket } of gone) if (socket !== undefined) await removed(join(directory, socket))
  return 'me'
}

function lockFile(directory: string): string {
  return join(directory, 'lock')
}

async function isHeldBy(directory: string, record: LockRecord): Promise<boolean> {
  const current = await readLock(lockFile(directory))
  return current !== undefined && identityOf(current) === identityOf(record)
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
