/** The kernel's operations on the filesystem: decode, call, encode. Deadlines and errors are `answer`'s. */
import { constants } from 'node:fs'
import { basename } from 'node:path'
import type Fuse from 'fuse-native'
import { FsError } from '../errors.js'
import type { Attributes, DirectoryEntry, Filesystem } from '../fs/filesystem.js'
import { isHiddenName } from '../fs/hidden-files.js'
import type { Answerer } from './answer.js'
import type { Closers } from './closers.js'
import type { KeptFolders } from './kept-folders.js'
import { packFolder } from './packed-folder.js'
import { encodeStat, type Ownership } from './stat.js'

/** @see FUSE_RENAME in linux/fuse.h */
const renameCall = 12

type Done = (errno: number) => void

/** @param kept what the binding may answer by itself; undefined: it can't, nor take a folder's entries in one buffer */
export function createOperations(
  fs: Filesystem,
  answerer: Answerer,
  owner: Ownership,
  kept: KeptFolders | undefined,
  closers: Closers,
): Fuse.Operations {
  const toStat = (it: Attributes): Fuse.Stat => encodeStat(it, owner)

  /** An operation with nothing to tell but its success. */
  const act = (operation: string, path: string, done: Done, run: (signal: AbortSignal) => Promise<unknown>): void =>
    answerer.answer(operation, path, () => done(0), done, run)
  /** One that brings something with it. */
  const tell = <T>(
    operation: string,
    path: string,
    done: (errno: number, result?: T) => void,
    run: (signal: AbortSignal) => Promise<T>,
  ): void => answerer.answer(operation, path, (result) => done(0, result), done, run)

  return {
    access: (path, mode, done) => act('access', path, done, (signal) => fs.access(path, mode, signal)),

    statfs: (path, done) =>
      tell('statfs', path, done, async (signal) => {
        const { blockSize: bsize, totalBlocks, freeBlocks, files } = await fs.statfs(signal)
        const free = { bfree: freeBlocks, bavail: freeBlocks, ffree: 0xffffffff - files, favail: 0xffffffff - files }
        return { bsize, frsize: bsize, blocks: totalBlocks, ...free, files: 0xffffffff, namemax: 255 }
      }),

    getattr: (path, done) => tell('getattr', path, done, async (signal) => toStat(await fs.getattr(path, signal))),
    fgetattr: (path, _handle, done) =>
      tell('fgetattr', path, done, async (signal) => toStat(await fs.getattr(path, signal))),

    // With their types, or `find` would ask for that of each.
    readdir: (path, done) =>
      kept
        ? tell('readdir', path, done, async (signal) => {
            const content = await fs.readdir(path, signal)
            const packed = packFolder(content, owner.since)
            kept.add(path, content, packed)
            return packed.names
          })
        : answerer.answer(
            'readdir',
            path,
            (entries: readonly DirectoryEntry[]) => {
              const stats = [folderStat(owner), folderStat(owner), ...entries.map(toStat)]
              done(0, ['.', '..', ...entries.map((it) => it.name)], stats)
            },
            done,
            async (signal) => [...(await fs.readdir(path, signal))],
          ),

    open: (path, flags, done, pid) =>
      tell('open', path, done, async (signal) => {
        const write = (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0
        const request = { write, truncate: (flags & constants.O_TRUNC) !== 0 }
        const opening = fs.open(path, request, signal)
        return inTime(fs, write ? closers.opened(opening, pid) : opening, signal)
      }),
    create: (path, _mode, done, pid) =>
      tell('create', path, done, async (signal) => {
        requireUtf8(path)
        return inTime(fs, closers.opened(fs.create(path, signal), pid), signal)
      }),

    read: (path, handle, buffer, length, position, done) =>
      answerer.answer(
        'read',
        path,
        (bytes: Uint8Array) => done(bytes.length, bytes),
        done,
        async (signal) => {
          const bytes = await fs.read(handle, position, length, signal)
          // Past the deadline the buffer is no longer ours.
          signal.throwIfAborted()
          buffer?.set(bytes)
          return bytes
        },
      ),
    write: (path, handle, buffer, length, position, done, pid) =>
      answerer.answer('write', path, done, done, (signal) => {
        const known = closers.wrote(handle, pid)
        const written = fs.write(handle, buffer.subarray(0, length), position, signal)
        return known ? written.finally(() => known) : written
      }),

    flush: (path, handle, done, pid) =>
      act('flush', path, done, (signal) => fs.flush(handle, closers.closing(handle, path, pid), signal)),
    fsync: (path, _datasync, handle, done) => act('fsync', path, done, (signal) => fs.fsync(handle, signal)),
    release: (path, handle, done) => {
      closers.released(handle)
      act('release', path, done, () => fs.release(handle))
    },

    truncate: (path, size, done) => act('truncate', path, done, (signal) => fs.truncate(path, size, signal)),
    ftruncate: (path, handle, size, done) =>
      act('ftruncate', path, done, (signal) => fs.ftruncate(handle, size, signal)),
    rename: (from, to, done, call) =>
      act('rename', `${from} → ${to}`, done, (signal) => {
        requireUtf8(to)
        const isHiding = call === renameCall && isHiddenName(basename(to))
        return isHiding ? fs.hide(from, to, signal) : fs.rename(from, to, signal)
      }),
    unlink: (path, done) => act('unlink', path, done, (signal) => fs.unlink(path, signal)),
    mkdir: (path, _mode, done) =>
      act('mkdir', path, done, (signal) => {
        requireUtf8(path)
        return fs.mkdir(path, signal)
      }),
    rmdir: (path, done) => act('rmdir', path, done, (signal) => fs.rmdir(path, signal)),

    utimens: (path, _atime, mtime, done) => act('utimens', path, done, (signal) => fs.utimens(path, { mtime }, signal)),
    chmod: (path, _mode, done) => act('chmod', path, done, (signal) => fs.setattr(path, signal)),
    chown: (path, _uid, _gid, done) => act('chown', path, done, (signal) => fs.setattr(path, signal)),
    link: (_from, to, done) => act('link', to, done, () => fs.refuse(to, 'link')),
    symlink: (_target, path, done) => act('symlink', path, done, () => fs.refuse(path, 'symlink')),
    mknod: (path, _mode, _device, done) => act('mknod', path, done, () => fs.refuse(path, 'mknod')),
    setxattr: (path, _name, _value, _position, _flags, done) =>
      act('setxattr', path, done, () => fs.refuse(path, 'setxattr')),
  }
}

/** A handle that comes after the deadline is nobody's: the kernel will not release it, so we do. */
async function inTime(fs: Filesystem, opening: Promise<number>, signal: AbortSignal): Promise<number> {
  const handle = await opening
  if (signal.aborted) await fs.release(handle)
  signal.throwIfAborted()
  return handle
}

function folderStat(owner: Ownership): Fuse.Stat {
  return encodeStat({ kind: 'folder', mode: 0o555, size: 0, mtime: 0 }, owner)
}

/** The binding hands over names as strings: bytes that are not UTF-8 have become U+FFFD. */
function requireUtf8(path: string): void {
  if (path.includes('\ufffd')) throw new FsError('EILSEQ', `${path} is not valid UTF-8.`)
}
