/** Which message a file of an outbox belongs to. Pure. */

/**
 * The folder that is the message: the one with the gateway's digits, else the first.
 * @param path below the outbox
 */
export function messageOf(path: string): string | undefined {
  const folders = path.split('/').slice(0, -1)
  return folders.find((it) => /^\d{15,17}$/.test(it)) ?? folders[0]
}
