/** What must be so before a mount can work; each that is not is one sentence that says what to do. */
import { constants } from 'node:fs'
import { access, readdir, readFile, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { codeOf, SetupError, UsageError } from '../errors.js'
import { isDeadMount, mountAt, unmount } from './mountinfo.js'

export interface PreflightOptions {
  /** Absolute, without a trailing slash. */
  readonly mountpoint: string
  readonly allowOther: boolean
  /** Replaceable for tests. */
  readonly device?: string
}

/** Clears a dead mount of ours out of the way. @throws UsageError, or SetupError for what does not heal by itself */
export async function preflight(options: PreflightOptions): Promise<void> {
  const mayMount = process.getuid?.() === 0 || (await isAllowedToMount())
  await checkDevice(options.device ?? '/dev/fuse')
  if (!mayMount) await checkFusermount()
  if (!mayMount && options.allowOther) await checkUserAllowOther()
  await checkMountpoint(options.mountpoint, mayMount)
}

/** A service with a user of its own may be given CAP_SYS_ADMIN (bit 21), and needs no fusermount then. @see capabilities(7) */
async function isAllowedToMount(): Promise<boolean> {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile('/proc/self/status', 'utf8')) ?? []
  return ((BigInt(`0x${effective}`) >> 21n) & 1n) === 1n
}

async function checkDevice(device: string): Promise<void> {
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

async function checkFusermount(): Promise<void> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const isThere = await access(join(directory, 'fusermount'), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return
  }
  throw new SetupError('There is no fusermount, which ordinary users need to mount: apt-get install fuse3.')
}

async function checkUserAllowOther(): Promise<void> {
  const text = await readFile('/etc/fuse.conf', 'utf8').catch(() => '')
  if (/^\s*user_allow_other\b/m.test(text)) return
  throw new SetupError('--allow-other needs the line user_allow_other in /etc/fuse.conf, unless root mounts.')
}

/** @param mayMount mount(2) does not ask for the right to write: the bare mountpoint may be one that nobody can write to */
async function checkMountpoint(path: string, mayMount: boolean): Promise<void> {
  if (await isDeadMount(path)) {
    const reason = await unmount(path, { lazy: true })
    if (reason !== undefined) throw new UsageError(`A dead mount at ${path} could not be cleared: ${reason}.`)
  }
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
    if (codeOf(error) === 'ENOENT') throw new SetupError(`The mountpoint ${path} does not exist: mkdir -p ${path}.`)
    throw new SetupError(`The mountpoint ${path} can't be used by this user (${codeOf(error) ?? 'unknown error'}).`)
  }
}
