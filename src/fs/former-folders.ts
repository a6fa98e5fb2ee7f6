/**
 * Archives that were folders a moment ago. The kernel goes on believing that for a second after the rename, and answers EIO
 * if it is told of another kind meanwhile: so it is told what it believes, until it looks the name up anew.
 */
import type { Milliseconds } from '../units.js'

/** `entry_timeout`, and a little more. @see fuse/mount-options.ts */
const believedFor: Milliseconds = 1_050

export class FormerFolders {
  readonly #until = new Map<string, number>()

  /** A folder has become an archive. */
  add(path: string): void {
    const now = performance.now()
    for (const [it, until] of this.#until) if (until <= now) this.#until.delete(it)
    this.#until.set(path, now + believedFor)
  }

  has(path: string): boolean {
    return (this.#until.get(path) ?? 0) > performance.now()
  }
}
