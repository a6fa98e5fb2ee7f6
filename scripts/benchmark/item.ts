/** A piece of work: what it may use, and on which links it is done. */
import type { ContenderName } from './contenders.js'
import type { LinkName } from './link.js'
import type { Bench } from './bench.js'
import type { Sizes } from './sizes.js'
import type { World } from './server/worlds.js'

export interface Item {
  readonly name: string
  readonly links: readonly LinkName[]
  /** Nobody else does the like: as2fs alone. */
  readonly isOwn?: boolean
  /** All its runs are done on one mount, whose beginning takes long. */
  readonly isOneMount?: boolean
  /** A bucket of its own, in place of the one for all. */
  readonly world?: (sizes: Sizes) => World
  /** Flags of the mount that this work needs to be comparable. */
  readonly flags?: Partial<Record<ContenderName, readonly string[]>>
  /** Does the work on a mount of which nothing was looked at yet. */
  do(bench: Bench): Promise<void>
}

/** Where the network has no part in it. */
export const near: readonly LinkName[] = ['plain']
/** Where what is transferred counts, and how far the server is away does not. */
export const bothNear: readonly LinkName[] = ['plain', 'tls']
/** Where what is transferred is so little that its encryption does not matter. */
export const nearAndFar: readonly LinkName[] = ['plain', 'far']
