/** How much memory that was freed the process keeps: what it gives back, the kernel must clear before it gives it again. */
import type { Bytes } from '../units.js'
import { kernel } from './kernel.js'

const MiB: Bytes = 1024 * 1024
/** What glibc comes to by itself after a block of 4 MiB was freed. @see mallopt(3), M_TRIM_THRESHOLD */
const usual: Bytes = 8 * MiB
/** More than V8 lets lie in buffers of connections before it collects them. */
const whileLargeFilesAreRead: Bytes = 256 * MiB

/** Without effect on the stock binding. */
export function keepFreedMemory(largeFilesAreRead: boolean): void {
  kernel?.keepFreed(largeFilesAreRead ? whileLargeFilesAreRead : usual)
}
