/** What memory costs: the kernel clears each page before it gives it, and interrupts whoever touches it first. */
import type { Bytes } from '../units.js'
import { kernel } from './kernel.js'

const MiB: Bytes = 1024 * 1024
/** What glibc comes to by itself after a block of 4 MiB was freed. @see mallopt(3), M_TRIM_THRESHOLD */
const usual: Bytes = 8 * MiB
/** More than V8 lets lie in buffers of connections before it collects them. */
const whileLargeFilesAreRead: Bytes = 256 * MiB

/** How much that was freed the process keeps. Without effect on the stock binding. */
export function keepFreedMemory(largeFilesAreRead: boolean): void {
  kernel?.keepFreed(largeFilesAreRead ? whileLargeFilesAreRead : usual)
}

/** For a block that is filled and read as a whole. @returns undefined if the usual memory must do */
export function largeMemory(bytes: Bytes): Uint8Array | undefined {
  return kernel?.largeMemory?.(bytes)
}
