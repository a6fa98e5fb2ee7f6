/** A mount that this process has made, wherever it is: it may be moved (`mount -M`), or a folder above it be renamed. */
import { mountAt, mounts, type MountInfo } from './mountinfo.js'

export class OwnMount {
  readonly #mountpoint: string
  readonly #made: MountInfo | undefined

  private constructor(mountpoint: string, made: MountInfo | undefined) {
    this.#mountpoint = mountpoint
    this.#made = made
  }

  /** The topmost one on a path. */
  static async at(mountpoint: string): Promise<OwnMount> {
    return new OwnMount(mountpoint, await mountAt(mountpoint))
  }

  /** Of the file system: major and minor number; undefined: it was gone at once. */
  get device(): string | undefined {
    return this.#made?.device
  }

  /** @returns the path where it is now; undefined: it is gone */
  async place(): Promise<string | undefined> {
    const made = this.#made
    if (!made) return (await mountAt(this.#mountpoint))?.mountpoint
    return (await mounts()).find((it) => it.id === made.id && it.device === made.device)?.mountpoint
  }
}
