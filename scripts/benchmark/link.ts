/** The ways to the server on which work is done: how far it is away, and whether what goes there is encrypted. */
import type { Milliseconds } from '../../src/units.js'

export type LinkName = 'plain' | 'tls' | 'far'

export interface Link {
  readonly name: LinkName
  readonly isSecure: boolean
  /** Before every answer: none, and what S3 is away. */
  readonly delay: Milliseconds
  /** Over its table. */
  readonly title: string
}

export const links: readonly Link[] = [
  { name: 'plain', isSecure: false, delay: 0, title: 'No delay' },
  { name: 'tls', isSecure: true, delay: 0, title: 'No delay, with TLS' },
  { name: 'far', isSecure: false, delay: 25, title: '25 ms before every answer' },
]

export const linkNames: readonly LinkName[] = links.map((it) => it.name)

/** For a sentence about one row. */
export const wordsOfLink: Readonly<Record<LinkName, string>> = { plain: 'plain', tls: 'TLS', far: '25 ms' }
