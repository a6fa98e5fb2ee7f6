/** The stock binding needs a library of the system's. */
import { SetupError } from '../errors.js'

/** @throws SetupError where that is what is missing, else the error itself */
export function explainMissing(error: unknown): never {
  const missing =
    error instanceof Error ? /^(lib\S+): cannot open shared object file/.exec(error.message)?.[1] : undefined
  if (missing === undefined) throw error
  throw new SetupError(`The library ${missing} is missing: apt-get install libfuse2.`)
}
