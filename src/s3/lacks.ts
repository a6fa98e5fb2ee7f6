/** What a server refuses to do, told by its refusals. @see Lack */
import type { StoreCall } from './failure.js'
import type { S3Refusal } from './s3-refusal.js'
import { StoreError } from './store-error.js'
import type { Lack } from './store.js'

const names: Readonly<Record<Lack, string>> = {
  'if-none-match': 'If-None-Match',
  'content-md5': 'Content-MD5',
  'encoding-type': 'encoding-type',
}

/** By this, or by another code and the header's name, a server refuses what it does not understand. */
const notImplemented = 'NotImplemented'
const naming = new Set([notImplemented, 'InvalidArgument', 'InvalidRequest', 'InvalidHeader'])

export class Lacks {
  readonly #found = new Set<Lack>()
  /** Left out because something was refused that nobody named; nothing was accepted without it yet. */
  #suspect: Lack | undefined

  get found(): ReadonlySet<Lack> {
    return this.#found
  }

  add(lack: Lack): void {
    this.#found.add(lack)
  }

  /** @returns what of that a request may ask for */
  allowed(wanted: readonly Lack[]): readonly Lack[] {
    return wanted.filter((it) => !this.#found.has(it))
  }

  /** @param wanted all that the request would have asked for */
  accepted(wanted: readonly Lack[]): void {
    if (this.#suspect !== undefined && wanted.includes(this.#suspect)) this.#suspect = undefined
  }

  /**
   * @param sent what the request asked for, the likelier to be lacked first
   * @returns which of it is left out from now on; undefined if the refusal is of something else
   */
  refused(refusal: S3Refusal, sent: readonly Lack[]): Lack | undefined {
    const named = namedBy(refusal, sent)
    if (named) this.#found.add(named)
    if (named || refusal.name !== notImplemented || refusal.said.has('Header')) return named
    const [lack] = sent
    if (lack === undefined) return undefined
    const isElse = this.#suspect !== undefined && !sent.includes(this.#suspect)
    // It was not that.
    if (this.#suspect !== undefined && isElse) this.#found.delete(this.#suspect)
    this.#suspect = isElse ? undefined : lack
    this.#found.add(lack)
    return lack
  }
}

function namedBy({ name, message, said }: S3Refusal, sent: readonly Lack[]): Lack | undefined {
  // The digest has no form that the server knows. One that differs is a BadDigest.
  if (name === 'InvalidDigest') return sent.find((it) => it === 'content-md5')
  if (!naming.has(name)) return undefined
  const words = [message, said.get('Header'), said.get('ArgumentName')].join(' ').toLowerCase()
  return sent.find((it) => words.includes(it))
}

/** The failure of the request that found it out. */
export function withoutIt(lack: Lack, { what, key }: StoreCall, cause: unknown): StoreError {
  const reason = `the server refuses ${names[lack]}; it is tried again without`
  return new StoreError('EIO', 'unsupported', lack, `Could not ${what}: ${reason}.`, { key, cause, reason })
}

/** One sentence for each, for `status`. */
export function sentencesOf(lacks: ReadonlySet<Lack>): readonly string[] {
  return [...lacks].map((it) => sentences[it])
}

const sentences: Readonly<Record<Lack, string>> = {
  'if-none-match': 'The server refuses If-None-Match: names are looked for before each upload instead.',
  'content-md5': 'The server refuses Content-MD5: uploads go without a checksum of their content.',
  'encoding-type': 'The server ignores encoding-type: keys are taken as it lists them.',
}
