/**
 * What the daemon itself reads and writes must not be in a mount of as2fs: in its own it would wait for itself, and in a `send/`
 * its log and its spool would go to a partner, and so would a follower's cursor. Nothing below such a mount is looked at to find that out.
 */
import { readFile, readlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from '../errors.js'
import { ourType, parseMountInfo } from '../fuse/mountinfo.js'

/** What may be in such a place, and how it is called: `--log-file`. */
export type Places = ReadonlyMap<string, string | undefined>

/** As Linux has it. */
const mostLinks = 40

/** Files of the AWS SDK, and of certificates, that are read again while the mount is there. */
const awsFiles = [
  ...['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CA_BUNDLE'],
  ...['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
]

/** @param base where relative paths begin */
export function awsPlaces(env: Readonly<NodeJS.ProcessEnv>, base: string): Places {
  return new Map([...Object.entries(absoluteAwsFiles(env, base)), ['~/.aws', join(env.HOME ?? homedir(), '.aws')]])
}

/** The same variables for a process that leaves its directory. */
export function absoluteAwsFiles(env: Readonly<NodeJS.ProcessEnv>, base: string): Readonly<Record<string, string>> {
  const named = awsFiles.map((name) => [name, env[name] ?? ''] as const)
  // The SDK knows what ~/ is.
  const paths = named.filter(([, path]) => path !== '' && !path.startsWith('~/'))
  return Object.fromEntries(paths.map(([name, path]) => [name, resolve(base, path)]))
}

/**
 * @param mountpoint that is to be; undefined: of others' only
 * @throws UsageError one sentence for the first that is in a mount
 */
export async function refuseInMounts(places: Places, mountpoint: string | undefined): Promise<void> {
  const others = await ourMountpoints()
  const all = new Set([...others, ...(mountpoint === undefined ? [] : [mountpoint])])
  for (const [name, path] of places) {
    const mount = path?.startsWith('/') === true ? await mountAbove(path, all) : undefined
    if (mount === undefined) continue
    const where = mount === mountpoint ? 'below the mountpoint itself' : `in another mount of as2fs, ${mount}`
    throw new UsageError(`${name} (${path ?? ''}) is ${where}: what the daemon itself needs must be elsewhere.`)
  }
}

/** The same for a file of a command. @throws UsageError one sentence */
export async function refuseInMount(name: string, path: string | undefined): Promise<void> {
  const mount = path === undefined ? undefined : await mountAbove(path, new Set(await ourMountpoints()))
  if (mount === undefined) return
  throw new UsageError(`${name} (${path ?? ''}) is in a mount of as2fs, ${mount}: it must be elsewhere.`)
}

async function ourMountpoints(): Promise<string[]> {
  const mounts = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
  return mounts.filter((it) => it.type === ourType).map((it) => it.mountpoint)
}

/** The first of some mountpoints that the way to a path leads to, through whatever links. */
async function mountAbove(path: string, mountpoints: ReadonlySet<string>): Promise<string | undefined> {
  let links = 0
  let at = '/'
  const names = path.split('/')
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '' || name === '.') continue
    const next = name === '..' ? dirname(at) : join(at, name)
    if (mountpoints.has(next)) return next
    // What is no link, and what is not there yet, is what it is called.
    const target = await readlink(next).catch(() => undefined)
    if (target === undefined || ++links > mostLinks) at = next
    else {
      if (target.startsWith('/')) at = '/'
      names.unshift(...target.split('/'))
    }
  }
  return undefined
}
