/** Lets something happen while a file of the spool is being opened, in this process. One at a time in a process. */
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/**
 * @param opening what opens it
 * @param meanwhile is done before the disk is asked
 * @returns what became of the opening
 */
export async function whileOpening<T>(opening: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> {
  const { open } = promises
  let reached: () => void = () => undefined
  let goOn: () => void = () => undefined
  const isReached = new Promise<void>((resolve) => (reached = resolve))
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve))
  promises.open = async (path, ...how) => {
    if (String(path).includes('/data/')) {
      reached()
      await mayGoOn
    }
    return open(path, ...how)
  }
  syncBuiltinESMExports()
  try {
    const opened = opening()
    await isReached
    await meanwhile()
    goOn()
    return await opened
  } finally {
    promises.open = open
    syncBuiltinESMExports()
  }
}
