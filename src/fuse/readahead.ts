/** How far the kernel reads ahead of a program in a file: 128 KiB, unless the system's administrator, or root, says something else. */
import { writeFile } from 'node:fs/promises'
import type { Logger } from '../telemetry/log.js'
import type { Bytes } from '../units.js'

/** Of less, whoever reads a large file waits for each next part; more gains nothing. */
export const readahead: Bytes = 1024 * 1024

/**
 * Widens it for a mount. No call of FUSE can: what it says only narrows it. Who may not goes on with less.
 * @param device of the mount, major and minor number
 * @see Documentation/ABI/testing/sysfs-class-bdi in the kernel
 */
export async function widenReadahead(device: string, log: Logger): Promise<void> {
  try {
    await writeFile(`/sys/class/bdi/${device}/read_ahead_kb`, String(readahead / 1024))
  } catch (err) {
    log.debug({ err }, 'the kernel’s reading ahead is left as it is')
  }
}
