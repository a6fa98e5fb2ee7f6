/** What the kernel's setattr asks for: one call for chmod, chown, truncate and utimensat. */
import type { Bytes, EpochMs } from '../units.js'
import type { AttributeChange } from './operations.js'

/** @see FATTR_MODE in linux/fuse.h */
const valid = { mode: 1, uid: 2, gid: 4, size: 8, atime: 16, mtime: 32, handle: 64, mtimeNow: 256 } as const

/** As the kernel gives it. */
export interface Setattr {
  readonly valid: number
  readonly handle: number
  readonly size: Bytes
  readonly mtime: EpochMs
  readonly mode: number
}

const permissions = 0o7777

/** @param now for a time that is to be that of the call */
export function attributeChangeOf(it: Setattr, now: () => EpochMs): AttributeChange {
  const has = (bits: number): boolean => (it.valid & bits) !== 0
  const sizes = has(valid.size)
  // truncate(2) sets it, too, but a size that changes does so by itself.
  const isOwnTime = !sizes || !has(valid.mtimeNow)
  const mtime = has(valid.mtime) ? (has(valid.mtimeNow) ? now() : it.mtime) : 'omit'
  return {
    ...(has(valid.uid | valid.gid) ? { owner: true } : {}),
    ...(has(valid.mode) ? { mode: it.mode & permissions } : {}),
    ...(sizes ? { size: it.size } : {}),
    ...(has(valid.atime | valid.mtime) && isOwnTime ? { mtime } : {}),
    ...(has(valid.handle) ? { handle: it.handle } : {}),
  }
}
