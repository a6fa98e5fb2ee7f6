/**
 * Loads the files of a package: CommonJS, with what V8 has compiled of each beside it. It is in the package itself, as one file, and so are its
 * few lines of `require`: Node's looks for packages, and knows of no compiled code that comes with a program.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'

/** Of the file beside it. */
export const compiledSuffix = '.compiled'
/**
 * So many characters at the end of a file say what is in it, and which compiled code is that of it: V8 itself looks at no more than the length, and
 * an upgrade replaces one file after the other.
 */
export const stampLength = 32

type Exports = Record<string, unknown>
type Program = (
  exports: Exports,
  require: (id: string) => unknown,
  module: { readonly exports: Exports },
  filename: string,
  dirname: string,
) => void

const ofNode = createRequire(import.meta.url)

export class Loader {
  readonly #modules = new Map<string, { exports: Exports }>()
  readonly #compiled: ((file: string, stamp: string, script: Script) => void) | undefined

  /** @param compiled is told of each file, which is compiled anew then */
  constructor(compiled?: (file: string, stamp: string, script: Script) => void) {
    this.#compiled = compiled
  }

  /** @param file with its suffix */
  load(file: string): Exports {
    const known = this.#modules.get(file)
    if (known) return known.exports
    const module = { exports: {} }
    this.#modules.set(file, module)
    const folder = dirname(file)
    const program = this.#script(file).runInThisContext() as Program
    const require = (id: string): unknown => (id.startsWith('.') ? this.load(join(folder, id)) : ofNode(id))
    program.call(module.exports, module.exports, require, module, file, folder)
    return module.exports
  }

  #script(file: string): Script {
    // A byte for each character: the bundle has no other.
    const text = readFileSync(file, 'latin1')
    if (!this.#compiled) return new Script(programOf(text), { filename: file, cachedData: compiledBeside(file, text) })
    const script = new Script(programOf(text), { filename: file })
    this.#compiled(file, text.slice(-stampLength), script)
    return script
  }
}

/** Text of a file → an expression whose value is a `Program`. */
export function programOf(text: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${text}\n})`
}

/** @returns undefined if it is another file's. Of another V8, or under other flags, V8 refuses it, and compiles as ever. */
export function compiledFor(text: string, compiled: Buffer): Buffer | undefined {
  const isOfText = compiled.toString('latin1', 0, stampLength) === text.slice(-stampLength)
  return isOfText ? compiled.subarray(stampLength) : undefined
}

function compiledBeside(file: string, text: string): Buffer | undefined {
  try {
    return compiledFor(text, readFileSync(file + compiledSuffix))
  } catch {
    return undefined
  }
}
