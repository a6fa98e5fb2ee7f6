/** Names of lock files. Pure, and without what matches patterns: `as2fs queue` asks for them, too. */

export const lockSuffixes: readonly string[] = ['.lock', '.lck']

/** By its name alone, whatever it is held for. */
export function isLockFile(path: string): boolean {
  return lockSuffixes.some((it) => path.toLowerCase().endsWith(it))
}

/** In whatever case of letters; something must be left of the name. @returns undefined where it ends in none of them */
export function withoutSuffix(path: string, suffixes: readonly string[]): string | undefined {
  const suffix = suffixes.find((it) => path.toLowerCase().endsWith(it.toLowerCase()))
  const rest = suffix === undefined ? '' : path.slice(0, -suffix.length)
  return rest === '' || rest.endsWith('/') ? undefined : rest
}
