/** Names that the gateway may give a file that it keeps in a flat folder: with a time in front of it, or behind. Pure. */

/** `20261130123456_`, `2026-11-30T12:34:56Z-`, an epoch: digits, and what may stand between them. */
const time = /^(?=(?:\D*\d){8})[\dTZ._:+ -]{8,32}$/

/** @param given the last segment of a key */
export function isCalled(given: string, name: string): boolean {
  if (given === name) return true
  if (given.length <= name.length) return false
  if (given.endsWith(name)) return time.test(given.slice(0, -name.length))
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  if (given.startsWith(name)) return time.test(given.slice(name.length))
  if (!given.startsWith(stem) || !given.endsWith(extension)) return false
  return time.test(given.slice(stem.length, given.length - extension.length))
}
