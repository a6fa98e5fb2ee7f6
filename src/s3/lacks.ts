/** What a server refuses to do, told by its refusals. @see Lack */
import type { Attempt } from './failure.js'
import type { S3Refusal } from './s3-refusal.js'
import { StoreError } from './store-error.js'
import type { Lack } from './store.js'

/** What of an upload a server may refuse, by the header that asks for it. */
const headers: readonly (readonly [Lack, pattern: RegExp])[] = [
  ['if-none-match', /If-None-Match/i],
  ['content-md5', /Content-?MD5/i],
]

/** With these codes a server refuses what it does not understand. `named`: only if it names the header. */
const codes: ReadonlyMap<string, 'any' | 'named'> = new Map([
  ['NotImplemented', 'any'],
  ['InvalidArgument', 'named'],
  ['InvalidRequest', 'named'],
])

/**
 * @param sent what the request asked for, the likelier first
 * @returns which of it the server lacks; undefined if it was refused for something else
 */
export function lackIn({ name, message, said }: S3Refusal, sent: readonly Lack[]): Lack | undefined {
  // The digest has no form that it knows. One that differs is a BadDigest.
  if (name === 'InvalidDigest') return sent.find((it) => it === 'content-md5')
  const code = codes.get(name)
  if (!code) return undefined
  const words = [message, said.get('Header'), said.get('ArgumentName')].join(' ')
  const named = headers.find(([lack, pattern]) => sent.includes(lack) && pattern.test(words))?.[0]
  if (named || code === 'named') return named
  // It names another header, which we can't leave out.
  return said.get('Header') === undefined ? sent[0] : undefined
}

/** The failure of the request that found it out. */
export function withoutIt(lack: Lack, { what, key }: Attempt, cause: unknown): StoreError {
  const reason = `the server refuses ${names[lack]}; it is tried again without`
  return new StoreError('EIO', 'unsupported', lack, `Could not ${what}: ${reason}.`, { key, cause, reason })
}

const names: Readonly<Record<Lack, string>> = {
  'if-none-match': 'If-None-Match',
  'content-md5': 'Content-MD5',
  'encoding-type': 'encoding-type',
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
