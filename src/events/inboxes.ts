/** What comes in: all inboxes, looked at while somebody waits for it. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BackgroundJob } from '../background-job.js'
import { FsError, reasonOf } from '../errors.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Milliseconds, Prefix } from '../units.js'
import { within } from '../patience.js'
import { encodeName, encodeObjectName } from '../view/names.js'
import type { Partner } from '../view/partner.js'
import { stationName, viewPrefix } from '../view/tree.js'
import type { ReceivedEvent } from './event.js'
import { oldest } from './oldest.js'
import { Recent } from './recent.js'
import type { Mark, Source } from './source.js'

export interface InboxesOptions {
  readonly listing: Pick<Listing, 'tree' | 'folders'>
  /** Who is known where the keys may not list all that there are. */
  readonly partners: {
    stations(signal: AbortSignal): Promise<readonly string[]>
    partners(station: string, signal: AbortSignal): Promise<readonly string[]>
  }
  readonly root: Prefix
  /** `--list-ttl` */
  readonly every: Milliseconds
  readonly clock: {
    monotonic(): Milliseconds
    /** The bucket's time; undefined before its first answer. */
    now(): EpochMs | undefined
  }
}

/** So much earlier than it can be seen a LastModified may be: of an upload in parts it is that of the beginning. */
export const lookBack: Milliseconds = 60 * 60 * 1000
const atOnce = 8
const lookWithin: Milliseconds = 60_000
const mostRecent = 10_000
const manyAtOnce = 5_000
const notYet = 'The inboxes have not all been looked at yet.'

/** An inbox as it was at the last look. */
interface Seen {
  readonly owner: Partner
  readonly tree: ViewTree
  /** By the bucket's clock. */
  readonly since: EpochMs
  /** Those whose LastModified is not before that, by what sets them apart: a key may be used again. */
  readonly young: ReadonlySet<string>
}

export class Inboxes implements Source {
  readonly recent = new Recent<ReceivedEvent>(mostRecent)
  readonly #options: InboxesOptions
  readonly #seen = new Map<Prefix, Seen>()
  readonly #looks: BackgroundJob
  #wanted = 0
  #kept = 0
  #through: EpochMs | undefined
  #lookedAt: Milliseconds = -Infinity
  #missing: string | undefined = notYet

  constructor(options: InboxesOptions) {
    this.#options = options
    this.#looks = new BackgroundJob((signal) => this.#round(signal))
  }

  get through(): EpochMs | undefined {
    return this.#through
  }

  get missing(): string | undefined {
    return this.#missing
  }

  async look(): Promise<void> {
    this.#looks.now()
    await this.#looks.idle()
  }

  oldest({ at, key }: Mark, most: number): readonly ReceivedEvent[] {
    const found = oldest(this.#after({ at, key }), most, (a, b) => byAge(a.object, b.object))
    return found.map(({ owner, object, tree }) => received(owner, object, tree, this.#options.root))
  }

  want(): () => void {
    this.#wanted += 1
    if (this.#wanted === 1) this.#lookInTime()
    return once(() => {
      this.#wanted -= 1
    })
  }

  keep(): () => void {
    this.#kept += 1
    return once(() => {
      this.#kept -= 1
      if (this.#kept === 0) this.#forget()
    })
  }

  async close(): Promise<void> {
    await this.#looks.stop()
  }

  #forget(): void {
    this.#looks.putOff()
    this.#seen.clear()
    this.recent.invalidate()
    this.#through = undefined
    this.#missing = notYet
  }

  *#after({ at, key }: Mark): Generator<Found, undefined> {
    for (const { owner, tree } of this.#seen.values()) {
      for (const object of tree.recent(at)) {
        if (object.mtime > at || object.key > key) yield { owner, object, tree }
      }
    }
  }

  async #round(stopped: AbortSignal): Promise<void> {
    this.#missing = await within(lookWithin, stopped, (signal) => this.#lookAtAll(signal)).catch(sentenceOf)
    this.#lookedAt = this.#options.clock.monotonic()
    // Who has not read yet what was found does not need more.
    if (this.#wanted > 0) this.#lookInTime()
  }

  #lookInTime(): void {
    const { every, clock } = this.#options
    this.#looks.in(Math.max(0, this.#lookedAt + every - clock.monotonic()))
  }

  /** @returns what could not be looked at */
  async #lookAtAll(signal: AbortSignal): Promise<string | undefined> {
    const { root } = this.#options
    const owners = await this.#owners(signal)
    const asked = owners.map((owner) => ({ owner, prefix: viewPrefix(root, owner, 'inbox') }))
    const listedAt: Milliseconds[] = []
    let missing: string | undefined
    const one = async (): Promise<void> => {
      for (let it = asked.pop(); it; it = asked.pop()) {
        const tree = await this.#options.listing.tree(it.prefix, signal).catch((error: unknown) => {
          // What the keys may not list is named in status, and is not waited for.
          if (!(error instanceof FsError && error.code === 'EACCES')) missing ??= sentenceOf(error)
        })
        if (!tree) continue
        listedAt.push(tree.listedAt)
        await this.#see(it.owner, it.prefix, tree)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, one))
    if (missing === undefined) this.#note(listedAt)
    return missing ?? this.#stale(listedAt)
  }

  /** Who may have an inbox: of the roots below which partners appear, only one has any. */
  async #owners(signal: AbortSignal): Promise<Partner[]> {
    const { listing, partners, root } = this.#options
    const files = `${root}files/` as Prefix
    const stations = await listing.folders(files, signal).catch(whereRefused(() => partners.stations(signal)))
    const owners = stations.map(async (station) => {
      const below = listing.folders(`${files}${station}/` as Prefix, signal)
      const all = await below.catch(whereRefused(() => partners.partners(station, signal)))
      return all.map((partner) => ({ station, partner }))
    })
    return (await Promise.all(owners)).flat()
  }

  /** All that was there when the oldest of the listings was begun has been seen. */
  #note(listedAt: readonly Milliseconds[]): void {
    const { clock } = this.#options
    const now = clock.now()
    if (now === undefined) return
    const first = listedAt.reduce((a, b) => Math.min(a, b), clock.monotonic())
    this.#through = Math.max(this.#through ?? 0, now - (clock.monotonic() - first))
  }

  #stale(listedAt: readonly Milliseconds[]): string | undefined {
    const { clock, every } = this.#options
    const age = clock.monotonic() - listedAt.reduce((a, b) => Math.min(a, b), clock.monotonic())
    if (age < every + lookWithin) return undefined
    return `The bucket does not answer: what came within the last ${Math.round(age / 1_000)} s is not known.`
  }

  async #see(owner: Partner, prefix: Prefix, tree: ViewTree): Promise<void> {
    const before = this.#seen.get(prefix)
    if (before?.tree.content === tree.content && before.tree.completeAt === tree.completeAt) return
    const now = this.#options.clock.now() ?? 0
    const since = Math.min(now, this.#through ?? now) - lookBack
    const young = [...tree.recent(since)]
    this.#seen.set(prefix, { owner, tree, since, young: new Set(young.map(versionOf)) })
    // Of an inbox that is seen for the first time nobody knows what of it is new: each reader goes by what he was told.
    if (!before) {
      if (tree.size > 0) this.recent.invalidate()
      return
    }
    const isNew = (it: ObjectInfo): boolean =>
      !before.young.has(versionOf(it)) && (it.mtime >= before.since || !before.tree.has(it.key))
    const news = [...young.filter(isNew), ...(await late(before, tree, since))]
    this.recent.add(news.map((it) => received(owner, it, tree, this.#options.root)))
  }
}

/** Those with an old LastModified that were not there before: looked for where all was listed anew. */
async function late(before: Seen, tree: ViewTree, since: EpochMs): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = []
  if (before.tree.completeAt === tree.completeAt || before.tree.content === tree.content) return found
  let looked = 0
  for (const object of tree.objects()) {
    if (object.mtime < since && !before.tree.has(object.key)) found.push(object)
    looked += 1
    // There may be a million of them, and others are not to wait.
    if (looked % manyAtOnce === 0) await nextTurn()
  }
  return found
}

interface Found {
  readonly owner: Partner
  readonly object: ObjectInfo
  readonly tree: ViewTree
}

function whereRefused<T>(instead: () => Promise<T>): (error: unknown) => Promise<T> {
  return (error) => {
    if (error instanceof FsError && error.code === 'EACCES') return instead()
    throw error
  }
}

function received(owner: Partner, object: ObjectInfo, tree: ViewTree, root: Prefix): ReceivedEvent {
  const { key, size, mtime, etag } = object
  const segments = key.slice(viewPrefix(root, owner, 'inbox').length).split('/')
  const name = segments.at(-1) ?? ''
  const folders = segments.slice(0, -1).map(encodeName)
  const collides = tree.lookup([...folders, encodeName(name)])?.kind === 'folder'
  const path = [stationName(owner.station), encodeName(owner.partner), 'inbox', ...folders]
  return {
    at: new Date(mtime).toISOString(),
    event: 'received',
    ...owner,
    name,
    path: `/${[...path, encodeObjectName(name, { collides })].join('/')}`,
    key,
    size,
    etag,
  }
}

function versionOf({ key, mtime, etag }: ObjectInfo): string {
  return `${mtime} ${etag} ${key}`
}

function byAge(a: ObjectInfo, b: ObjectInfo): number {
  return a.mtime - b.mtime || (a.key < b.key ? -1 : 1)
}

function sentenceOf(error: unknown): string {
  return error instanceof FsError ? error.message : `The inboxes can't be looked at (${reasonOf(error)}).`
}

function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}
