/** Which stations and partners there are: in the bucket now or ever, in the configuration, and made with mkdir. */
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import type { Glimpse, Listing } from '../listing/listing.js'
import { within } from '../patience.js'
import { isDenied } from '../s3/store-error.js'
import type { PartnerSet } from '../state/partners.js'
import type { SeenPartners } from '../state/seen-partners.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds, Name, Prefix } from '../units.js'
import { decodeName, encodeName } from '../view/names.js'
import { stationName, stationRoots } from '../view/tree.js'
import type { Partner } from '../view/partner.js'

export interface PartnersOptions {
  readonly listing: Listing
  /** The gateway's root, `AS2/`. */
  readonly root: Prefix
  readonly configured: readonly Partner[]
  readonly made: PartnerSet
  readonly seen: SeenPartners
  /** How long the name of a folder that was seen may be taken for it without another look. */
  readonly keep: Milliseconds
  readonly clock: Clock
}

/**
 * Who looks for a name that was never seen, beside others that were, waits no longer for a bucket that hangs: with mkdir(2) the kernel
 * lets nobody else look up anything in that folder meanwhile.
 */
const strangerPatience: Milliseconds = 10_000

/** The folders of one level, below all roots: the stations, or the partners of one. */
interface Level {
  readonly prefixOf: (root: Prefix) => Prefix
  readonly nameOf: (id: string) => Name
  /** Of this machine: configured, or made here. */
  readonly local: () => readonly string[]
  readonly seen: () => Iterable<string>
  readonly wasSeen: (id: string) => boolean
  readonly note: (ids: Iterable<string>) => void
}

export class DirectoryOfPartners {
  readonly #listing: Listing
  readonly #roots: readonly Prefix[]
  readonly #configured: readonly Partner[]
  readonly #made: PartnerSet
  readonly #seen: SeenPartners
  readonly #keep: Milliseconds
  readonly #clock: Clock
  readonly #stations: Level

  constructor(options: PartnersOptions) {
    this.#listing = options.listing
    this.#roots = stationRoots(options.root)
    this.#configured = options.configured
    this.#made = options.made
    this.#seen = options.seen
    this.#keep = options.keep
    this.#clock = options.clock
    this.#stations = {
      prefixOf: (root) => root,
      nameOf: stationName,
      local: () => this.#localStations(),
      seen: () => this.#seen.stations(),
      wasSeen: (id) => this.#seen.hasStation(id),
      note: (ids) => this.#seen.addStations(ids),
    }
  }

  /** Raw ids of all stations, sorted by the listing's order of bytes. */
  stations(signal: CancelSignal): Promise<readonly string[]> {
    return this.#all(this.#stations, signal)
  }

  partners(station: string, signal: CancelSignal): Promise<readonly string[]> {
    return this.#all(this.#partnersOf(station), signal)
  }

  /**
   * The id of the station that is shown under a name. What was ever seen needs no bucket, so that sending works in an outage.
   * @throws FsError ENOENT
   */
  async findStation(name: Name, signal: CancelSignal): Promise<string> {
    const station = await this.#find(name, this.#stations, signal)
    if (station === undefined) throw new FsError('ENOENT', `There is no station ${name}.`)
    return station
  }

  /**
   * The ids of what is shown under two names.
   * @throws FsError ENOENT if there is no such station or partner
   */
  async find(names: { readonly station: Name; readonly partner: Name }, signal: CancelSignal): Promise<Partner> {
    const station = await this.findStation(names.station, signal)
    const partner = await this.#find(names.partner, this.#partnersOf(station), signal)
    if (partner === undefined) throw new FsError('ENOENT', `There is no partner ${names.station}/${names.partner}.`)
    return { station, partner }
  }

  /**
   * Remembers a station, or a partner of one, until `forget`.
   * @throws FsError EIO if it can't be written down
   */
  async make(station: string, partner?: string): Promise<void> {
    await this.#made.add(station, partner)
  }

  /**
   * @throws FsError EPERM for one that the configuration names or the bucket has, ENOTEMPTY for a station with partners
   */
  async forget(station: string, partner: string | undefined, signal: CancelSignal): Promise<void> {
    const isConfigured = this.#configured.some(
      (it) => it.station === station && (partner === undefined || it.partner === partner),
    )
    if (isConfigured) throw new FsError('EPERM', 'The configuration names it (--station): take it out there.')
    const level = partner === undefined ? this.#stations : this.#partnersOf(station)
    if ((await this.#inBucket(level, signal)).has(partner ?? station)) {
      throw new FsError('EPERM', 'The bucket has it, and nothing is ever deleted there.')
    }
    if (partner === undefined && this.#hasPartners(station)) throw new FsError('ENOTEMPTY', 'The station has partners.')
    await this.#made.remove(station, partner)
    await this.#seen.remove(station, partner)
  }

  /** Whether the pair is known without asking the bucket now. */
  isKnown(station: string, partner: string): boolean {
    return this.#seen.hasPartner(station, partner) || this.#localPartners(station).includes(partner)
  }

  /** Another number when more are known. */
  get changes(): number {
    return this.#seen.size + this.#made.size
  }

  /** All pairs that are known without asking the bucket now. */
  *known(): Generator<Partner, undefined> {
    const stations = new Set([...this.#localStations(), ...this.#seen.stations()])
    for (const station of stations) {
      const partners = new Set([...this.#localPartners(station), ...this.#seen.partners(station)])
      for (const partner of partners) yield { station, partner }
    }
  }

  #partnersOf(station: string): Level {
    return {
      prefixOf: (root) => `${root}${station}/` as Prefix,
      nameOf: encodeName,
      local: () => this.#localPartners(station),
      seen: () => this.#seen.partners(station),
      wasSeen: (id) => this.#seen.hasPartner(station, id),
      note: (ids) => this.#seen.addPartners(station, ids),
    }
  }

  #localStations(): string[] {
    return [...this.#configured.map((it) => it.station), ...this.#made.stations()]
  }

  #localPartners(station: string): string[] {
    const configured = this.#configured.filter((it) => it.station === station).map((it) => it.partner)
    return [...configured, ...this.#made.partners(station)]
  }

  #hasPartners(station: string): boolean {
    return this.#localPartners(station).length > 0 || [...this.#seen.partners(station)].length > 0
  }

  /** Where something was ever known, nobody waits for a bucket that does not answer. */
  async #all(level: Level, signal: CancelSignal): Promise<readonly string[]> {
    const listed = this.#isNew(level) ? await this.#inBucket(level, signal) : await this.#glimpse(level, signal)
    return sorted([...listed, ...level.local(), ...level.seen()])
  }

  /** The folder of that name: one that is known; else `files/` is asked first, which has nearly all. */
  async #find(name: Name, level: Level, signal: CancelSignal): Promise<string | undefined> {
    const known = this.#findSeen(name, level) ?? byName(level.local(), name, level.nameOf)
    if (known !== undefined) return known
    const since = this.#clock.monotonic() - this.#keep
    const listed = this.#roots.flatMap((root) => this.#listing.knownFolders(level.prefixOf(root), since))
    const there = byName(listed, name, level.nameOf)
    // It was listed for another question; what is shown once stays.
    if (there !== undefined) level.note([there])
    if (there !== undefined) return there
    if (this.#isNew(level)) return this.#findInBucket(name, level, signal)
    return within(strangerPatience, signal, (own) => this.#findInBucket(name, level, own))
  }

  async #findInBucket(name: Name, level: Level, signal: CancelSignal): Promise<string | undefined> {
    const found = byName(await this.#inFirst(level, signal), name, level.nameOf)
    return found ?? byName(await this.#inBucket(level, signal), name, level.nameOf)
  }

  /** Nothing of it was ever known. */
  #isNew(level: Level): boolean {
    return level.local().length === 0 && level.seen()[Symbol.iterator]().next().done === true
  }

  #findSeen(name: Name, { nameOf, seen, wasSeen }: Level): string | undefined {
    const id = decodeName(name)?.segment
    // There may be thousands, and nearly every name says which id it is.
    if (id !== undefined && nameOf(id) === name) return wasSeen(id) ? id : undefined
    return byName(seen(), name, nameOf)
  }

  async #inFirst(level: Level, signal: CancelSignal): Promise<readonly string[]> {
    const [first] = this.#roots
    try {
      const found = first === undefined ? [] : await this.#listing.folders(level.prefixOf(first), signal)
      level.note(found)
      return found
    } catch (error) {
      refusalOrThrow(error)
      return []
    }
  }

  /** Folders below all roots; a root that may not be listed is left out, unless none may. */
  async #inBucket(level: Level, signal: CancelSignal): Promise<Set<string>> {
    const prefixes = this.#roots.map((root) => level.prefixOf(root))
    const results = await Promise.allSettled(prefixes.map((prefix) => this.#listing.folders(prefix, signal)))
    const found = new Set<string>()
    let refused: FsError | undefined
    for (const result of results) {
      if (result.status === 'fulfilled') for (const folder of result.value) found.add(folder)
      else refused = refusalOrThrow(result.reason)
    }
    if (refused && results.every((result) => result.status === 'rejected')) throw refused
    level.note(found)
    return found
  }

  /** The same without waiting for a bucket that does not answer: those that are known then. */
  async #glimpse(level: Level, signal: CancelSignal): Promise<Set<string>> {
    const prefixes = this.#roots.map((root) => level.prefixOf(root))
    const glimpses = await Promise.all(prefixes.map((prefix) => this.#listing.glimpseOfFolders(prefix, signal)))
    const found = new Set(glimpses.flatMap((it: Glimpse<readonly string[]>) => it.value ?? []))
    level.note(found)
    return found
  }
}

function refusalOrThrow(error: unknown): FsError {
  if (error instanceof FsError && isDenied(error)) return error
  throw error
}

function byName(ids: Iterable<string>, name: Name, nameOf: (id: string) => Name): string | undefined {
  for (const id of ids) if (nameOf(id) === name) return id
  return undefined
}

function sorted(ids: Iterable<string>): string[] {
  return [...new Set(ids)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
