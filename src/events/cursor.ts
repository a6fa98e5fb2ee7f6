/** Where a follower is: what he keeps, so that the next one goes on there. Pure. */
import { createHash } from 'node:crypto'
import type { EpochMs } from '../units.js'
import { identityOf, isOfBucket, type AnyEvent, type Progress } from './event.js'
import type { Beginning } from './follower.js'

/** As it is written down. */
interface Written {
  /** What sets it apart from any other file. */
  readonly as2fsEvents: 1
  readonly log?: string | undefined
  readonly seq?: number | undefined
  readonly from?: EpochMs | undefined
  /** What the bucket told with a LastModified from `from` on: hashes, each with that time. */
  readonly told: readonly (readonly [string, EpochMs])[]
}

/** More of an hour are told twice rather than known for ever. */
const mostTold = 100_000

export class Cursor {
  /** The oldest first. */
  readonly #told: Map<string, EpochMs>
  #log: string | undefined
  #seq: number | undefined
  #from: EpochMs | undefined

  constructor(written?: Written) {
    this.#told = new Map(written?.told)
    this.#log = written?.log
    this.#seq = written?.seq
    this.#from = written?.from
  }

  /** @returns undefined for a text that is none */
  static parse(text: string): Cursor | undefined {
    try {
      const value = JSON.parse(text) as Partial<Written> | null
      if (value?.as2fsEvents !== 1 || !Array.isArray(value.told)) return undefined
      return new Cursor(value as Written)
    } catch {
      return undefined
    }
  }

  /** @param since where somebody begins who never followed before; undefined: now */
  beginning(since: EpochMs | undefined, isFollowing: boolean): Beginning {
    const logged = this.#log === undefined || this.#seq === undefined ? undefined : { log: this.#log, seq: this.#seq }
    return { logged, from: this.#from ?? since, isFollowing }
  }

  /** Notes what was told. @returns false for what was told before */
  note(event: AnyEvent): boolean {
    if (!isOfBucket(event)) return true
    const hash = hashOf(event)
    if (this.#told.has(hash)) return false
    this.#told.set(hash, Date.parse(event.at))
    const [oldest] = this.#told.keys()
    if (this.#told.size > mostTold && oldest !== undefined) this.#told.delete(oldest)
    return true
  }

  /** For one that was noted, and then could not be told. */
  forget(event: AnyEvent): void {
    if (isOfBucket(event)) this.#told.delete(hashOf(event))
  }

  advance({ log, seq, from }: Progress): void {
    const isLater = this.#from === undefined || from > this.#from
    this.#log = log
    this.#seq = seq
    if (!isLater) return
    this.#from = from
    for (const [hash, at] of this.#told) if (at < from) this.#told.delete(hash)
  }

  toString(): string {
    const written: Written = {
      as2fsEvents: 1,
      log: this.#log,
      seq: this.#seq,
      from: this.#from,
      told: [...this.#told],
    }
    return `${JSON.stringify(written)}\n`
  }
}

function hashOf(event: Parameters<typeof identityOf>[0]): string {
  return createHash('sha256').update(identityOf(event)).digest('base64url').slice(0, 12)
}
