/** The compiled half of the daemon (`native/`), loaded once for all who use some of it. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const reasonFile = new URL('../../../native/build/why-not', import.meta.url)
const loaded = load()

/** All that it exports; undefined: @see whyNotCompiled */
export const binding: object | undefined = 'binding' in loaded ? loaded.binding : undefined
/** Why there is none here: part of a sentence. */
export const whyNotCompiled: string | undefined = 'why' in loaded ? loaded.why : undefined

function load(): { readonly binding: object } | { readonly why: string } {
  try {
    return { binding: createRequire(import.meta.url)('../../../native/build/Release/kernel.node') as object }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const isThere = !('code' in error && error.code === 'MODULE_NOT_FOUND')
    return { why: isThere ? `Node ${process.version} can't load it: ${error.message}` : toldByBuild() }
  }
}

function toldByBuild(): string {
  try {
    return readFileSync(reasonFile, 'utf8').trim()
  } catch {
    return 'the installation did not try: run scripts/build-binding'
  }
}
