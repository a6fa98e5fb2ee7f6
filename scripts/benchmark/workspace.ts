/** The temporary directory of one benchmark: mountpoints, state, caches, copies. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** On most systems a disk: what has to be durable is to cost what it costs there. */
export const usualPlace = '/var/tmp'

export class Workspace {
  readonly root: string
  #count = 0

  constructor(place: string) {
    this.root = mkdtempSync(join(place, 'as2fs-bench-'))
  }

  /** A new, empty directory. */
  directory(kind: string): string {
    const path = join(this.root, `${kind}-${(this.#count += 1)}`)
    mkdirSync(path)
    return path
  }

  /** A file that only its owner may read. */
  secret(name: string, content: string): string {
    const path = join(this.root, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }

  async drop(directory: string): Promise<void> {
    this.#refuseMounts(directory)
    await rm(directory, { recursive: true, force: true })
  }

  async close(): Promise<void> {
    await this.drop(this.root)
  }

  /** Deleting below a mountpoint would delete in the bucket. */
  #refuseMounts(directory: string): void {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    if (mounts.includes(` ${directory}`)) throw new Error(`something is still mounted at ${directory}: nothing deleted`)
  }
}

export function isMounted(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `)
}
