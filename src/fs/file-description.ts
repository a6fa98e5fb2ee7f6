/** What a handle stands for (an open file description, open(2)): each kind of file has its own. */
import type { CancelSignal } from '../cancellation.js'
import type { BlockReader, OpenObject } from '../data/objects.js'
import { FsError } from '../errors.js'
import type { Bytes } from '../units.js'
import type { Close, Content } from './filesystem.js'

export interface FileDescription {
  /** Undefined: it may change while it is open. */
  readonly content?: Content
  /** @see Opened.held */
  held?(): Uint8Array | undefined
  /** @see Opened.readBy */
  readBy?(reader: BlockReader): void
  read(position: Bytes, length: Bytes, signal: CancelSignal): Promise<Uint8Array>
  write(bytes: Uint8Array, position: Bytes, signal: CancelSignal): Promise<number>
  truncate(size: Bytes, signal: CancelSignal): Promise<void>
  flush(close: Close, signal: CancelSignal): Promise<void>
  fsync(signal: CancelSignal): Promise<void>
  /** Instead of `release`, where nobody was ever told of it: what was made for it goes again. */
  disown?(): Promise<void>
  /** @param answered how many reads were answered from what was `held` */
  release(answered?: number): Promise<void>
}

/** The part of it that only a writable one has, refused. */
const refusals: Pick<FileDescription, 'write' | 'truncate' | 'flush' | 'fsync'> = {
  write: () => Promise.reject(new FsError('EBADF', 'The file was not opened for writing.')),
  truncate: () => Promise.reject(new FsError('EINVAL', 'The file was not opened for writing.')),
  flush: () => Promise.resolve(),
  fsync: () => Promise.resolve(),
}

/** An object of the bucket, which can only be read. */
export function objectFile(object: OpenObject, content?: Content): FileDescription {
  return {
    ...refusals,
    ...(content && { content }),
    held: () => object.held(),
    readBy: (reader) => object.readBy(reader),
    read: (position, length, signal) => object.read({ start: position, end: position + length }, signal),
    release: async (answered) => object.close(answered),
  }
}

/** One that can only be read. */
export function readOnly(
  read: FileDescription['read'],
  release: () => void = () => undefined,
  content?: Content,
): FileDescription {
  return { ...refusals, ...(content && { content }), read, release: async () => release() }
}
