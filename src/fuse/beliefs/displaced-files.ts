/**
 * Files that are removed, or replaced, while somebody has them open. To whoever has them open they stay, till the last close: until
 * then the binding, and so the kernel, calls them by a name of their own (`.fuse_hidden…`), from before it is known
 * whether the change succeeds.
 */
import { FsError } from '../../errors.js'
import type { Attributes } from '../../fs/filesystem.js'

interface Displaced {
  /** Where it is; undefined: it has no name any longer. */
  path: string | undefined
  readonly attributes: Attributes & { readonly identity: string }
}

export class DisplacedFiles {
  readonly #files = new Map<string, Displaced>()

  /** @param as how the kernel calls from now on what is at that path */
  add(path: string, as: string, attributes: Displaced['attributes']): void {
    this.#files.set(as, { path, attributes })
  }

  /** After its last close. @returns whether it was one of these */
  remove(as: string): boolean {
    return this.#files.delete(as)
  }

  /** What was at that path has no name any longer. */
  removed(path: string): void {
    for (const file of this.#files.values()) if (file.path === path) file.path = undefined
  }

  renamed(from: string, to: string): void {
    this.removed(to)
    for (const file of this.#files.values()) if (file.path === from) file.path = to
  }

  /** One that has no name any longer, as it was last. */
  nameless(as: string): Displaced['attributes'] | undefined {
    const file = this.#files.get(as)
    return file && file.path === undefined ? file.attributes : undefined
  }

  /**
   * Where the file is that the kernel calls so.
   * @throws FsError ESTALE if it has no name any longer
   */
  pathOf(as: string): string {
    const file = this.#files.get(as)
    if (!file) return as
    if (file.path === undefined) throw new FsError('ESTALE', `${as} was removed: only who has it open has it.`)
    return file.path
  }
}
