/** Which files are never sent by themselves, and why. Pure. */
import picomatch from 'picomatch'
import type { CommitPolicy, EmptyPolicy } from '../../config.js'
import { hiddenPrefix } from '../../hidden-name.js'
import type { Bytes } from '../../units.js'
import { lockSuffixes, withoutSuffix } from './lock-files.js'

/** Never to be sent, whatever `--hold` says. */
const alwaysHeld = [`${hiddenPrefix}*`, ...lockSuffixes.map((it) => `*${it}`)]

export interface HoldPolicy {
  readonly hold: readonly string[]
  readonly empty: EmptyPolicy
  readonly commit: CommitPolicy
  /** Of the triggers of `--commit trigger`. */
  readonly triggerSuffixes: readonly string[]
}

/** A file whose last writer has closed it. */
export interface ClosedFile {
  readonly path: string
  readonly size: Bytes
  readonly isRenamed: boolean
}

/** What becomes of a closed file. */
type NameVerdict = { readonly held: 'bundle' | 'trigger' | 'name' | 'empty' | 'commit' } | 'queue' | 'reject'

export class Holding {
  readonly #policy: HoldPolicy
  /** Whether a name looks as if somebody was still at it, in whatever case of letters. */
  readonly looksUnfinished: (name: string) => boolean

  constructor(policy: HoldPolicy) {
    this.#policy = policy
    this.looksUnfinished = matcherOf([...alwaysHeld, ...policy.hold])
  }

  /** Whether a file is finished only when a trigger is made beside it. */
  get needsTrigger(): boolean {
    return this.#policy.commit === 'trigger'
  }

  /** @returns the path that a lock file locks, undefined for another file */
  lockedBy(path: string): string | undefined {
    return withoutSuffix(path, lockSuffixes)
  }

  /** @returns the path of a trigger without its suffix, undefined for another file and where there are no triggers */
  triggeredBy(path: string): string | undefined {
    return this.needsTrigger ? withoutSuffix(path, this.#policy.triggerSuffixes) : undefined
  }

  /** Whether an empty file is not to be sent. */
  get isEmptyHeld(): boolean {
    return this.#policy.empty !== 'send'
  }

  verdict({ path, size, isRenamed }: ClosedFile): NameVerdict {
    if (path.includes('/')) return { held: 'bundle' }
    if (this.triggeredBy(path) !== undefined) return { held: 'trigger' }
    if (this.looksUnfinished(path)) return { held: 'name' }
    if (size === 0 && this.#policy.empty === 'hold') return { held: 'empty' }
    if (size === 0 && this.#policy.empty === 'reject') return 'reject'
    if (this.#policy.commit === 'rename' && !isRenamed) return { held: 'commit' }
    return 'queue'
  }

  /** Whether a file of that name would be sent once it is closed: then the name must be free. */
  isFinal(path: string, isRenamed: boolean): boolean {
    return this.verdict({ path, size: 1, isRenamed }) === 'queue'
  }
}

/**
 * One expression of all patterns: of picomatch's own matchers each makes objects for each name, and every change of a file asks.
 * As theirs it takes a name that is a pattern, letter by letter.
 */
function matcherOf(patterns: readonly string[]): (name: string) => boolean {
  const each = patterns.map((it) => picomatch.makeRe(it, { dot: true, nonegate: true, nocase: true }).source)
  const any = new RegExp(each.join('|'), 'i')
  const literally = new Set(patterns)
  return (name) => any.test(name) || literally.has(name)
}
