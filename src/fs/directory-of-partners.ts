/** Which stations and partners there are: in the bucket, in the configuration, and made with mkdir. */
import { FsError } from '../errors.js'
import type { Listing } from '../listing/listing.js'
import type { PartnerSet } from '../state/partners.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds, Name, Prefix } from '../units.js'
import { encodeName } from '../view/names.js'
import { stationName, stationRoots } from '../view/tree.js'
import type { Partner } from '../view/partner.js'

export interface PartnersOptions {
  readonly listing: Listing
  /** The gateway's root, `AS2/`. */
  readonly root: Prefix
  readonly configured: readonly Partner[]
  readonly made: PartnerSet
  /** How long the name of a folder that was seen may be taken for it without another look. */
  readonly keep: Milliseconds
  readonly clock: Clock
}

export class DirectoryOfPartners {
  readonly #listing: Listing
  readonly #roots: readonly Prefix[]
  readonly #configured: readonly Partner[]
  readonly #made: PartnerSet
  readonly #keep: Milliseconds
  readonly #clock: Clock

  constructor(options: PartnersOptions) {
    this.#listing = options.listing
    this.#roots = stationRoots(options.root)
    this.#configured = options.configured
    this.#made = options.made
    this.#keep = options.keep
    this.#clock = options.clock
  }

  /** Raw ids of all stations, sorted by the listing's order of bytes. */
  async stations(signal: AbortSignal): Promise<readonly string[]> {
    const listed = await this.#folders((root) => root, signal)
    return sorted([...listed, ...this.#localStations()])
  }

  async partners(station: string, signal: AbortSignal): Promise<readonly string[]> {
    const listed = await this.#folders((root) => stationPrefix(root, station), signal)
    return sorted([...listed, ...this.#localPartners(station)])
  }

  /** The station shown under a name; what is known here needs no bucket, so that sending works in an outage. */
  station(name: Name, signal: AbortSignal): Promise<string | undefined> {
    const local = byName(this.#localStations(), name, stationName)
    return local === undefined ? this.#find(name, stationName, (root) => root, signal) : Promise.resolve(local)
  }

  partner(station: string, name: Name, signal: AbortSignal): Promise<string | undefined> {
    const local = byName(this.#localPartners(station), name, encodeName)
    const prefixOf = (root: Prefix): Prefix => stationPrefix(root, station)
    return local === undefined ? this.#find(name, encodeName, prefixOf, signal) : Promise.resolve(local)
  }

  /** Whether the bucket itself has it, whatever was made here. */
  async #inBucket(station: string, partner: string | undefined, signal: AbortSignal): Promise<boolean> {
    if (partner === undefined) return (await this.#folders((root) => root, signal)).has(station)
    return (await this.#folders((root) => stationPrefix(root, station), signal)).has(partner)
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
  async forget(station: string, partner: string | undefined, signal: AbortSignal): Promise<void> {
    const isConfigured = this.#configured.some(
      (it) => it.station === station && (partner === undefined || it.partner === partner),
    )
    if (isConfigured) throw new FsError('EPERM', 'The configuration names it (--station): take it out there.')
    if (await this.#inBucket(station, partner, signal)) {
      throw new FsError('EPERM', 'The bucket has it, and nothing is ever deleted there.')
    }
    if (partner === undefined && this.#localPartners(station).length > 0) {
      throw new FsError('ENOTEMPTY', 'The station has partners.')
    }
    await this.#made.remove(station, partner)
  }

  /** Whether the pair is known without asking the bucket now. */
  isKnown(station: string, partner: string): boolean {
    return this.#localPartners(station).includes(partner)
  }

  #localStations(): string[] {
    return [...this.#configured.map((it) => it.station), ...this.#made.stations()]
  }

  #localPartners(station: string): string[] {
    const configured = this.#configured.filter((it) => it.station === station).map((it) => it.partner)
    return [...configured, ...this.#made.partners(station)]
  }

  /** The folder of that name: one that was seen lately stays; else `files/` is asked first, which has nearly all. */
  async #find(
    name: Name,
    nameOf: (id: string) => Name,
    prefixOf: (root: Prefix) => Prefix,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const since = this.#clock.now() - this.#keep
    const known = this.#roots.flatMap((root) => this.#listing.knownFolders(prefixOf(root), since))
    const found = byName(known, name, nameOf) ?? byName(await this.#inFirst(prefixOf, signal), name, nameOf)
    return found ?? byName(await this.#folders(prefixOf, signal), name, nameOf)
  }

  async #inFirst(prefixOf: (root: Prefix) => Prefix, signal: AbortSignal): Promise<readonly string[]> {
    const [first] = this.#roots
    try {
      return first === undefined ? [] : await this.#listing.folders(prefixOf(first), signal)
    } catch (error) {
      refusalOrThrow(error)
      return []
    }
  }

  /** Folders below all roots; a root that may not be listed is left out, unless none may. */
  async #folders(prefixOf: (root: Prefix) => Prefix, signal: AbortSignal): Promise<Set<string>> {
    const results = await Promise.allSettled(this.#roots.map((root) => this.#listing.folders(prefixOf(root), signal)))
    const found = new Set<string>()
    let refused: FsError | undefined
    for (const result of results) {
      if (result.status === 'fulfilled') for (const folder of result.value) found.add(folder)
      else refused = refusalOrThrow(result.reason)
    }
    if (refused && results.every((result) => result.status === 'rejected')) throw refused
    return found
  }
}

function refusalOrThrow(error: unknown): FsError {
  if (error instanceof FsError && error.code === 'EACCES') return error
  throw error
}

function stationPrefix(root: Prefix, station: string): Prefix {
  return `${root}${station}/` as Prefix
}

function byName(ids: Iterable<string>, name: Name, nameOf: (id: string) => Name): string | undefined {
  for (const id of ids) if (nameOf(id) === name) return id
  return undefined
}

function sorted(ids: Iterable<string>): string[] {
  return [...new Set(ids)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
