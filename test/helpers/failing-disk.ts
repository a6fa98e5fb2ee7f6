/**
 * A disk that a test may break: a folder seen through a FUSE mount of its own, whose changes (or all calls) fail with an errno
 * while the test says so. It is served by another process, as a disk is.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import Fuse from 'fuse-native'
import { run } from './run.js'
import { isMounted } from './mounted.js'

/** What fails, and how. */
export interface Failure {
  readonly errno: 'EROFS' | 'EIO'
  readonly of: 'changes' | 'syncs'
}

export class FailingDisk {
  readonly #child: ChildProcess
  constructor(child: ChildProcess) {
    this.#child = child
  }

  async fail(failure: Failure | undefined): Promise<void> {
    const done = once(this.#child, 'message')
    this.#child.send(failure ?? {})
    await done
  }
}

/** Mounts it over a folder, which goes on holding what is in it. */
export async function failingDisk(t: Test, folder: string): Promise<FailingDisk> {
  const behind = `${folder}.behind`
  await fs.rename(folder, behind)
  await fs.mkdir(folder)
  const child = fork(fileURLToPath(import.meta.url), [behind, folder], {
    execArgv: [],
    env: { PATH: process.env.PATH },
  })
  t.teardown(async () => {
    if (await isMounted(folder)) await run('umount', ['-l', folder])
    child.kill('SIGKILL')
  })
  await once(child, 'message')
  return new FailingDisk(child)
}

class Disk extends Fuse {
  override _fuseOptions(): string {
    return '-obig_writes,attr_timeout=0,entry_timeout=0,negative_timeout=0'
  }
}

type Done = (errno: number) => void

/** The process of the disk. */
function serve(behind: string, mountpoint: string): void {
  let failure: Partial<Failure> = {}
  const at = (path: string) => join(behind, path)
  const files = new Map<number, fs.FileHandle>()
  const file = (handle: number): fs.FileHandle => {
    const found = files.get(handle)
    if (!found) throw new Error('no such handle')
    return found
  }
  const answer = <T>(done: (errno: number, result?: T) => void, act: () => Promise<T>): void => {
    act().then(
      (result) => done(0, result),
      (error: unknown) => done(-errnoOf(error)),
    )
  }
  const counted = (done: (countOrErrno: number) => void, act: () => Promise<number>) => {
    act().then(done, (error: unknown) => done(-errnoOf(error)))
  }
  const may = (what: Failure['of']): void => {
    if (failure.of === what) throw Object.assign(new Error('broken'), { code: failure.errno })
  }
  const change = (done: Done, act: () => Promise<unknown>): void =>
    answer(done, async () => {
      may('changes')
      await act()
    })
  const opened = (
    done: (errno: number, handle?: number) => void,
    path: string,
    flags: string | number,
    mode?: number,
  ): void =>
    answer(done, async () => {
      // A disk that fails is not asked yet; one that is read-only refuses by itself.
      if (flags === 'w+' || (flags === 'r+' && failure.errno === 'EROFS')) may('changes')
      const handle = await fs.open(at(path), flags, mode)
      files.set(handle.fd, handle)
      return handle.fd
    })
  const sync = (done: Done, act: () => Promise<unknown>): void =>
    change(done, async () => {
      may('syncs')
      await act()
    })
  const stat = (done: (errno: number, stat?: Fuse.Stat) => void, act: () => Promise<Stats>): void =>
    answer(done, async () => {
      const { mode, uid, gid, size, nlink, blksize, blocks, atimeMs, mtimeMs, ctimeMs } = await act()
      return { ...{ mode, uid, gid, size, nlink, blksize, blocks }, atime: atimeMs, mtime: mtimeMs, ctime: ctimeMs }
    })
  const operations = {
    getattr: (path, done) => stat(done, () => fs.lstat(at(path))),
    fgetattr: (_path, handle, done) => stat(done, () => file(handle).stat()),
    readdir: (path, done) => answer(done, () => fs.readdir(at(path))),
    open: (path, flags, done) => opened(done, path, (flags & 3) === 0 ? 'r' : 'r+'),
    create: (path, mode, done) => opened(done, path, 'w+', mode),
    read: (_path, handle, buffer, length, position, done) =>
      counted(done, async () => {
        const { bytesRead } = await file(handle).read(buffer, 0, length, position)
        return bytesRead
      }),
    write: (_path, handle, buffer, length, position, done) =>
      counted(done, async () => {
        may('changes')
        return (await file(handle).write(Buffer.from(buffer), 0, length, position)).bytesWritten
      }),
    truncate: (path, size, done) => change(done, () => fs.truncate(at(path), size)),
    ftruncate: (_path, handle, size, done) => change(done, () => file(handle).truncate(size)),
    fsync: (_path, _datasync, handle, done) => sync(done, () => file(handle).sync()),
    fsyncdir: (_path: string, _datasync: number, _handle: number, done: Done) => sync(done, () => Promise.resolve()),
    release: (_path, handle, done) => answer(done, () => file(handle).close()),
    unlink: (path, done) => change(done, () => fs.unlink(at(path))),
    rename: (from, to, done) => change(done, () => fs.rename(at(from), at(to))),
    mkdir: (path, mode, done) => change(done, () => fs.mkdir(at(path), mode)),
    rmdir: (path, done) => change(done, () => fs.rmdir(at(path))),
    chmod: (path, mode, done) => change(done, () => fs.chmod(at(path), mode)),
    utimens: (_path, _atime, _mtime, done) => change(done, () => Promise.resolve()),
  } as Partial<Fuse.Operations> as Fuse.Operations
  const disk = new Disk(mountpoint, operations, { timeout: false })
  process.on('message', (told: Partial<Failure>) => {
    failure = told
    process.send?.('done')
  })
  process.on('disconnect', () => process.exit())
  disk.open((error) => {
    if (error) throw error
    process.send?.('mounted')
  })
}

function errnoOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO'
  return (constants.errno as Readonly<Record<string, number>>)[code] ?? constants.errno.EIO
}

const [, program, behind, mountpoint] = process.argv
if (program === fileURLToPath(import.meta.url) && behind !== undefined && mountpoint !== undefined) {
  serve(behind, mountpoint)
}
