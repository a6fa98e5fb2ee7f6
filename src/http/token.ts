/** The token of `--http-token-file`: who knows it is let in. Read anew when the file changes. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { reasonOf, SetupError, UsageError } from '../errors.js'
import { notAFile } from '../plain-file.js'

/** What can be guessed is no token. */
const shortest = 16
const longest = 1_024

/** Who may be asked whether somebody is let in. */
export interface Token {
  /**
   * @param authorization the header: `Bearer TOKEN`; or Basic, as browsers ask people for it, with the token as password and any name
   */
  accepts(authorization: string | undefined): Promise<boolean>
  /** One sentence, while the file can't be used: then nobody is let in. */
  readonly problem: string | undefined
}

/** @throws SetupError one sentence if the file has no token that can be used */
export async function readToken(file: string): Promise<Token> {
  const token = new TokenFile(file)
  await token.look()
  if (token.problem !== undefined) throw new SetupError(token.problem)
  return token
}

class TokenFile implements Token {
  readonly #file: string
  #digest: Buffer | undefined
  #version = ''
  problem: string | undefined

  constructor(file: string) {
    this.#file = file
  }

  async accepts(authorization: string | undefined): Promise<boolean> {
    const given = tokenIn(authorization)
    if (given === undefined) return false
    await this.look()
    return this.#digest !== undefined && timingSafeEqual(digestOf(given), this.#digest)
  }

  /** Never throws. */
  async look(): Promise<void> {
    try {
      const found = await stat(this.#file)
      const other = notAFile(this.#file, found)
      if (other !== undefined) throw new UsageError(`is no file, but ${other}`)
      const { ino, size, mtimeMs } = found
      const version = `${ino} ${size} ${mtimeMs}`
      if (version === this.#version) return
      if (size > longest) throw new UsageError('is too long')
      const text = (await readFile(this.#file, 'utf8')).trim()
      if (!/^[\x21-\x7e]*$/.test(text)) throw new UsageError('has more in it than one word')
      if (text.length < shortest) throw new UsageError(`has fewer than ${shortest} characters`)
      this.#digest = digestOf(text)
      this.#version = version
      this.problem = undefined
    } catch (error) {
      this.#digest = undefined
      this.#version = ''
      const why = error instanceof UsageError ? error.message : `can't be read (${reasonOf(error)})`
      this.problem = `The token file ${this.#file} ${why}: write one there with openssl rand -hex 24.`
    }
  }
}

function tokenIn(authorization = ''): string | undefined {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme === '') return undefined
  const pair = Buffer.from(value, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon < 0 ? undefined : pair.slice(colon + 1)
}

/** Of one length, whatever was given: how long comparing takes tells nothing. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
