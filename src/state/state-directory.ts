/** The directory in which a mount keeps what must outlive it: one for each bucket, endpoint and prefix. */
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { MountConfig } from '../config.js'
import { UsageError } from '../errors.js'
import { takeLock } from './lock.js'
import { replaceFile } from '../durable-file.js'

export type StateOptions = Pick<MountConfig, 'bucket' | 'endpoint' | 'prefix' | 'mountpoint' | 'stateDir'>

export interface StateDirectory {
  readonly path: string
  /** Lets the next mount have it. */
  release(): Promise<void>
}

/** Whose state it is; replaceable for tests. */
export interface StateOwner {
  readonly uid: number
  readonly env: NodeJS.ProcessEnv
}

/** Says what the directory is for, so that one bucket's queue is never sent to another. */
const markerName = 'mount.json'
/** What a start that failed leaves there. */
const leftBehind = new Set(['as2fs.log'])
const slugLength = 40

/** Where the state directories of a user are. */
export function stateRoot(owner: StateOwner = currentOwner()): string {
  if (owner.uid === 0) return '/var/lib/as2fs'
  const home = owner.env.HOME ?? homedir()
  const state = owner.env.XDG_STATE_HOME
  // The XDG specification has relative paths ignored.
  return join(state?.startsWith('/') ? state : join(home, '.local/state'), 'as2fs')
}

export function stateDirectoryPath(options: StateOptions, owner: StateOwner = currentOwner()): string {
  if (options.stateDir !== undefined) return options.stateDir
  const identity = JSON.stringify([options.endpoint ?? '', options.bucket, options.prefix])
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 8)
  const slug = options.bucket.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-')
  return join(stateRoot(owner), `${slug.slice(0, slugLength)}-${digest}`)
}

/**
 * Makes the directory, readable by its owner only.
 * @returns its path
 * @throws UsageError if it can't be written, or belongs to something else
 */
export async function makeStateDirectory(options: StateOptions): Promise<string> {
  const path = stateDirectoryPath(options)
  try {
    await makeFolders(path)
    await claim(path, options)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`The state directory ${path} can't be written (${why(error)}): give another with --state-dir.`)
  }
  return path
}

/**
 * Makes the directory and takes its lock.
 * @throws UsageError if another process has it, or it can't be written, or its disk is full
 */
export async function openStateDirectory(options: StateOptions): Promise<StateDirectory> {
  const path = await makeStateDirectory(options)
  const taken = await takeLock(path, { mountpoint: options.mountpoint, bucket: options.bucket }).catch(
    explainFull(path),
  )
  if ('lock' in taken) return { path, release: () => taken.lock.release() }
  const { bucket, mountpoint, pid } = taken.holder
  throw new UsageError(
    `The bucket ${bucket} is mounted at ${mountpoint} by process ${pid}: unmount it, or give another --state-dir.`,
  )
}

/** Without a lock nothing may begin; a page for it is all that is needed. */
function explainFull(path: string): (error: unknown) => never {
  return (error) => {
    if (!['ENOSPC', 'EDQUOT'].includes(why(error))) throw error
    throw new UsageError(
      `The disk of the state directory ${path} is full: make a little room there (64 KiB are enough), and mount again; what waits to be sent is kept.`,
    )
  }
}

/** Node's own recursive mkdir tries for ever below /proc, where every name is ENOENT. */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const code = why(error)
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolders(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

async function claim(path: string, options: StateOptions): Promise<void> {
  const marker = join(path, markerName)
  const text = await readFile(marker, 'utf8').catch(() => undefined)
  if (text === undefined) {
    const others = (await readdir(path)).filter((name) => !name.startsWith(markerName))
    if (others.length > 0) {
      throw new UsageError(`The state directory ${path} has other things in it: give one of its own with --state-dir.`)
    }
    await writeMarker(marker, options)
  } else if (!isFor(text, options) && (await isUnused(path))) {
    await writeMarker(marker, options)
  } else if (!isFor(text, options)) {
    throw new UsageError(`The state directory ${path} belongs to another bucket (see ${marker}): give another.`)
  }
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o700)
}

async function writeMarker(marker: string, { bucket, prefix }: StateOptions): Promise<void> {
  await replaceFile(marker, `${JSON.stringify({ bucket, prefix })}\n`)
}

/** A mount that never came about, as its bucket's name was mistyped, holds nothing. */
async function isUnused(path: string): Promise<boolean> {
  const names = await readdir(path)
  return names.every((name) => name.startsWith(markerName) || leftBehind.has(name))
}

/** The endpoint may change (another name for the same server); a marker that makes no sense is not held against anyone. */
function isFor(marker: string, options: StateOptions): boolean {
  try {
    const value = JSON.parse(marker) as Partial<StateOptions> | null
    return value?.bucket === options.bucket && value.prefix === options.prefix
  } catch {
    return true
  }
}

function currentOwner(): StateOwner {
  return { uid: process.getuid?.() ?? -1, env: process.env }
}

function why(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
