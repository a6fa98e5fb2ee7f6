/** The names that a FUSE library gives files which are removed while somebody has them open. Programs know them. Pure. */

/**
 * Such a file is there for that one alone. Our own binding keeps these names to itself and the kernel: they come to `send/` from libfuse
 * (the stock binding), and from who writes one.
 */
export const hiddenPrefix = '.fuse_hidden'

/** @param name a name, or a path */
export function isHiddenName(name: string): boolean {
  return name.slice(name.lastIndexOf('/') + 1).startsWith(hiddenPrefix)
}
