/** A mount by the binary that comes with fuse-native, where the binding can't be compiled: slower under load, and it tells less. */
import Fuse from 'fuse-native'
import type { CancelSignal } from '../cancellation.js'
import type { DirectoryEntry, FilesystemFigures } from '../fs/filesystem.js'
import type { Answerer } from './answer.js'
import type { Opener } from './callers/handle-processes.js'
import { fuseOptions, type FuseMountOptions } from './mount-options.js'
import type { Operations } from './operations.js'
import { encodeStat, type Ownership } from './stat.js'

type Done = (errno: number) => void

/** Its calls come without their callers. */
const nobody: Opener = { pid: undefined }

class StockFuse extends Fuse {
  readonly #options: string

  constructor(mountpoint: string, operations: Fuse.Operations, options: string) {
    // Its own timer for each call costs three quarters of the speed of reading; `answer` has the deadline.
    super(mountpoint, operations, { timeout: false })
    this.#options = options
  }

  /** Its own version can't say big_writes, and drops every value of 0. */
  override _fuseOptions(): string {
    return this.#options
  }
}

/** @throws Error what libfuse said */
export function mountByStock(
  mount: FuseMountOptions & { readonly mountpoint: string },
  how: { readonly operations: Operations; readonly answerer: Answerer; readonly owner: Ownership },
): Promise<void> {
  const operations = stockOperations(how.operations, how.answerer, how.owner)
  const fuse = new StockFuse(mount.mountpoint, operations, fuseOptions(mount))
  return new Promise<void>((resolve, reject) => {
    fuse.open((error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

function stockOperations(ops: Operations, answerer: Answerer, owner: Ownership): Fuse.Operations {
  /** An operation with nothing to tell but its success. */
  const act = (operation: string, path: string, done: Done, run: (signal: CancelSignal) => Promise<unknown>): void =>
    answerer.answer({ operation, path }, () => done(0), done, run)
  /** One that brings something with it. */
  const tell = <T>(
    operation: string,
    path: string,
    done: (errno: number, result?: T) => void,
    run: (signal: CancelSignal) => Promise<T>,
  ): void => answerer.answer({ operation, path }, (result) => done(0, result), done, run)
  const stat = async (path: string, signal: CancelSignal): Promise<Fuse.Stat> =>
    encodeStat(await ops.getattr(path, signal), owner)

  return {
    access: (path, mode, done) => act('access', path, done, (signal) => ops.access(path, mode, signal)),
    statfs: (path, done) => tell('statfs', path, done, async (signal) => statfsOf(await ops.statfs(signal))),
    getattr: (path, done) => tell('getattr', path, done, (signal) => stat(path, signal)),
    fgetattr: (path, _handle, done) => tell('fgetattr', path, done, (signal) => stat(path, signal)),

    // With their types, or `find` would ask for that of each.
    readdir: (path, done) =>
      answerer.answer(
        { operation: 'readdir', path },
        (entries: readonly DirectoryEntry[]) => {
          const folder = encodeStat({ kind: 'folder', mode: 0o555, size: 0, mtime: 0 }, owner)
          const stats = [folder, folder, ...entries.map((it) => encodeStat(it, owner))]
          done(0, ['.', '..', ...entries.map((it) => it.name)], stats)
        },
        done,
        async (signal) => [...(await ops.readdir(path, signal))],
      ),

    open: (path, flags, done) =>
      tell('open', path, done, async (signal) => (await ops.open(path, flags, nobody, signal)).handle),
    create: (path, _mode, done) =>
      tell('create', path, done, async (signal) => (await ops.create(path, nobody, signal)).handle),

    read: (path, handle, buffer, length, position, done) =>
      answerer.answer({ operation: 'read', path }, done, done, async (signal) => {
        const bytes = await ops.read(handle, position, length, signal)
        // Past the deadline the buffer is no longer ours.
        signal.throwIfAborted()
        buffer.set(bytes)
        return bytes.length
      }),
    write: (path, handle, buffer, length, position, done) =>
      answerer.answer({ operation: 'write', path }, done, done, (signal) =>
        ops.write(handle, buffer.subarray(0, length), position, undefined, signal),
      ),

    flush: (path, handle, done) =>
      act('flush', path, done, (signal) => ops.flush(path, handle, { pid: undefined }, signal)),
    fsync: (path, _datasync, handle, done) => act('fsync', path, done, (signal) => ops.fsync(handle, signal)),
    release: (path, handle, done) => act('release', path, done, () => ops.release(handle)),

    truncate: (path, size, done) => act('truncate', path, done, (signal) => ops.change(path, { size }, signal)),
    ftruncate: (path, handle, size, done) =>
      act('ftruncate', path, done, (signal) => ops.change(path, { size, handle }, signal)),
    rename: (from, to, done) => act('rename', `${from} → ${to}`, done, (signal) => ops.rename(from, to, signal)),
    unlink: (path, done) => act('unlink', path, done, (signal) => ops.unlink(path, signal)),
    mkdir: (path, _mode, done) => act('mkdir', path, done, (signal) => ops.mkdir(path, signal)),
    rmdir: (path, done) => act('rmdir', path, done, (signal) => ops.rmdir(path, signal)),

    // It gives the other time in the place of this one.
    utimens: (path, _atime, mtime, done) => act('utimens', path, done, (signal) => ops.change(path, { mtime }, signal)),
    chmod: (path, mode, done) => act('chmod', path, done, (signal) => ops.change(path, { mode }, signal)),
    chown: (path, _uid, _gid, done) => act('chown', path, done, (signal) => ops.change(path, { owner: true }, signal)),
    link: (from, to, done) => act('link', to, done, (signal) => ops.link(from, to, signal)),
    symlink: (_target, path, done) => act('symlink', path, done, () => ops.refuse(path, 'symlink')),
    mknod: (path, _mode, _device, done) => act('mknod', path, done, () => ops.refuse(path, 'mknod')),
    setxattr: (path, _name, _value, _position, _flags, done) =>
      act('setxattr', path, done, () => ops.refuse(path, 'setxattr')),
  }
}

const most32 = 0xffffffff

/** Its fields have 32 bits. */
function statfsOf({ blockSize, totalBlocks, freeBlocks, files }: FilesystemFigures): Fuse.Statfs {
  const scale = Math.max(1, Math.ceil(totalBlocks / most32))
  const [bsize, free] = [blockSize * scale, Math.floor(freeBlocks / scale)]
  const numbers = { files: most32, ffree: most32 - files, favail: most32 - files, namemax: 255 }
  return { bsize, frsize: bsize, blocks: Math.floor(totalBlocks / scale), bfree: free, bavail: free, ...numbers }
}
