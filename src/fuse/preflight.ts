/** What must be so before a mount can work; each that is not is one sentence that says what to do. */
import { constants } from 'node:fs'
import { access, readdir, readFile, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { codeOf, SetupError, UsageError } from '../errors.js'
import { shellWord } from '../shell-word.js'
import { kernel } from './kernel.js'
import { mountAt } from './mountinfo.js'
import { isDeadMount, unmount } from './unmount.js'

/** Bit 21. @see capabilities(7) */
const sysAdmin = 1n << 21n
const ownStatus = '/proc/self/status'
/** The stock binding's library knows the second only. */
const fusermounts = kernel ? ['fusermount3', 'fusermount'] : ['fusermount']

export interface PreflightOptions {
  /** Absolute, without a trailing slash. */
  readonly mountpoint: string
  readonly allowOther: boolean
  /** Replaceable for tests. */
  readonly device?: string
}

/** Clears a dead mount of ours out of the way. @throws UsageError, or SetupError for what does not heal by itself */
export async function preflight(options: PreflightOptions): Promise<void> {
  const mayMount = await isAllowedToMount()
  await checkDevice(options.device)
  await checkPrivileges()
  if (!mayMount) await checkFusermount()
  if (!mayMount && options.allowOther) await checkUserAllowOther()
  await clearDead(options.mountpoint)
  await checkMountpoint(options.mountpoint, mayMount)
}

/** Without fusermount: as root, or as a service with a user of its own that was given CAP_SYS_ADMIN. */
export async function isAllowedToMount(): Promise<boolean> {
  return process.getuid?.() === 0 || hasSysAdmin('CapEff', await readFile(ownStatus, 'utf8')) === true
}

/** @returns undefined if the set is not told */
function hasSysAdmin(set: string, status: string): boolean | undefined {
  const found = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1]
  return found === undefined ? undefined : (BigInt(`0x${found}`) & sysAdmin) !== 0n
}

/** @throws UsageError */
export async function checkDevice(device = '/dev/fuse'): Promise<void> {
  try {
    await access(device, constants.R_OK | constants.W_OK)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      throw new UsageError(
        `There is no ${device}: load the kernel module (modprobe fuse), or give it to the container.`,
      )
    }
    throw new UsageError(`${device} may not be opened by this user: chmod 666 ${device}, or mount as root.`)
  }
}

/** Whether this process, or fusermount on its behalf, may mount at all. @throws UsageError */
export async function checkPrivileges(): Promise<void> {
  const status = await readFile(ownStatus, 'utf8')
  if (hasSysAdmin('CapBnd', status) === false) {
    throw new SetupError(
      'Nothing may be mounted in this container, or by this service (no CAP_SYS_ADMIN): docker run --cap-add SYS_ADMIN --device /dev/fuse, or a CapabilityBoundingSet= that has it.',
    )
  }
  if (hasSysAdmin('CapEff', status) === false && /^NoNewPrivs:\s*1/m.test(status)) {
    throw new SetupError(
      'This process may gain no privileges, which fusermount needs to mount: take NoNewPrivileges=, or no-new-privileges, away, or mount as root.',
    )
  }
}

/** @returns its path; @throws UsageError */
export async function checkFusermount(names = fusermounts): Promise<string> {
  for (const path of (process.env.PATH ?? '').split(delimiter).flatMap((it) => names.map((name) => join(it, name)))) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  throw new SetupError('There is no fusermount, which ordinary users need to mount: apt-get install fuse3.')
}

/** @throws UsageError */
export async function checkUserAllowOther(): Promise<void> {
  const text = await readFile('/etc/fuse.conf', 'utf8').catch(() => '')
  if (/^\s*user_allow_other\b/m.test(text)) return
  throw new SetupError('--allow-other needs the line user_allow_other in /etc/fuse.conf, unless root mounts.')
}

/** A dead mount of ours must not stand in the way. @throws UsageError */
async function clearDead(path: string): Promise<void> {
  if (!(await isDeadMount(path))) return
  const reason = await unmount(path, { lazy: true })
  if (reason !== undefined) throw new UsageError(`A dead mount at ${path} could not be cleared: ${reason}.`)
}

/**
 * @param mayMount mount(2) does not ask for the right to write: the bare mountpoint may be one that nobody can write to
 * @throws UsageError
 */
export async function checkMountpoint(path: string, mayMount: boolean): Promise<void> {
  const mount = await mountAt(path)
  if (mount) throw new UsageError(`${path} has ${mount.source} (${mount.type}) mounted on it: unmount it first.`)
  try {
    if (!(await stat(path)).isDirectory()) throw new SetupError(`The mountpoint ${path} is not a directory.`)
    if ((await readdir(path)).length > 0) {
      throw new SetupError(`The mountpoint ${path} is not empty: choose an empty directory.`)
    }
    if (!mayMount) await access(path, constants.W_OK)
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (codeOf(error) === 'ENOENT')
      throw new SetupError(`The mountpoint ${path} does not exist: mkdir -p ${shellWord(path)}.`)
    throw new SetupError(`The mountpoint ${path} can't be used by this user (${codeOf(error) ?? 'unknown error'}).`)
  }
}
