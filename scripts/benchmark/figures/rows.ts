/** Rows of figures, by what they are of; and who was faster. */
import { peerNames } from '../contenders.js'
import type { LinkName } from '../link.js'
import type { Summary } from './summaries.js'

/** A difference of medians that nobody would call one. */
const level = 0.98

export class Rows {
  readonly all: readonly Summary[]
  readonly #byName: ReadonlyMap<string, Summary>

  constructor(all: readonly Summary[]) {
    this.all = all
    this.#byName = new Map(all.map((it) => [nameOf(it.id, it.link, it.contender), it]))
  }

  find(id: string, link: LinkName, contender: Summary['contender']): Summary | undefined {
    return this.#byName.get(nameOf(id, link, contender))
  }

  /** What the peers took for the same work. */
  peersOf({ id, link }: Summary): readonly Summary[] {
    return peerNames.flatMap((name) => this.find(id, link, name) ?? [])
  }
}

/** How many times as long, or as much memory, the peer took as as2fs; undefined if either has no figure. */
export function ratio(peer: Summary | undefined, own: Summary | undefined): number | undefined {
  const [theirs, ours] = [least(peer), own?.value?.median]
  return theirs === undefined || ours === undefined || ours === 0 ? undefined : theirs / ours
}

/** Whether as2fs took more than the peer, in every run more than the peer in any. */
export function isBehind(own: Summary, peer: Summary): boolean {
  const times = ratio(peer, own)
  if (times === undefined || times >= level || !own.value || !peer.value) return false
  return peer.value.most < own.value.least
}

/** What was given up took as long as that at least. */
export function hasLimit({ value, failure }: Summary): boolean {
  return !value && limitIn(failure) !== undefined
}

function least(summary: Summary | undefined): number | undefined {
  return summary?.value?.median ?? limitIn(summary?.failure)
}

function limitIn(failure: string | undefined): number | undefined {
  const limit = /^> ([\d.]+) s$/.exec(failure ?? '')?.[1]
  return limit === undefined ? undefined : Number(limit)
}

function nameOf(id: string, link: LinkName, contender: string): string {
  return JSON.stringify([id, link, contender])
}
