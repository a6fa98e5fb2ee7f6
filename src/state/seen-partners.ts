/**
 * Stations and partners that the bucket was ever seen to have, in a file of the state directory: who sends to one of them
 * needs no bucket for it, and neither does the next mount.
 */
import { join } from 'node:path'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import { readPairs, writePairs, type Pair } from './pairs-file.js'

/** After a write that failed, the next new one waits for this. */
const pauseAfterFailure: Milliseconds = 60_000
/** More are shown, but not remembered: no gateway has so many, and a bucket may hold anything. */
const most = 10_000

export class SeenPartners {
  readonly #file: string
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #log: Logger
  readonly #byStation = new Map<string, Set<string>>()
  #count = 0
  #isChanged = false
  #pausedUntil: Milliseconds = 0
  #saving: Promise<void> | undefined
  #isFull = false

  private constructor(file: string, seen: readonly Pair[], clock: Pick<Clock, 'monotonic'>, log: Logger) {
    this.#file = file
    this.#clock = clock
    this.#log = log
    for (const [station, partner] of seen) this.#note(station, partner)
    this.#isChanged = false
  }

  /** Reads what was kept; a file that makes no sense is put aside, and said so. */
  static async load(directory: string, clock: Pick<Clock, 'monotonic'>, log: Logger): Promise<SeenPartners> {
    const file = join(directory, 'seen-partners.json')
    return new SeenPartners(file, await readPairs(file, 'partners seen in the bucket', log), clock, log)
  }

  /** Stations and partners. */
  get size(): number {
    return this.#count
  }

  stations(): Iterable<string> {
    return this.#byStation.keys()
  }

  partners(station: string): Iterable<string> {
    return this.#byStation.get(station) ?? []
  }

  hasStation(station: string): boolean {
    return this.#byStation.has(station)
  }

  hasPartner(station: string, partner: string): boolean {
    return this.#byStation.get(station)?.has(partner) === true
  }

  /** The bucket has them. Written down in the background, if any of them is new. */
  addStations(stations: Iterable<string>): void {
    for (const station of stations) this.#note(station, undefined)
    this.#saveIfChanged()
  }

  addPartners(station: string, partners: Iterable<string>): void {
    for (const partner of partners) this.#note(station, partner)
    this.#saveIfChanged()
  }

  /**
   * Forgets a station with all its partners, or one partner.
   * @throws FsError EIO if that can't be written down
   */
  async remove(station: string, partner?: string): Promise<void> {
    const partners = this.#byStation.get(station)
    if (!partners || (partner !== undefined && !partners.has(partner))) return
    if (partner === undefined) {
      this.#byStation.delete(station)
      this.#count -= 1 + partners.size
    } else if (partners.delete(partner)) this.#count -= 1
    this.#isChanged = true
    await this.#save()
  }

  /** Waits for what is being written down. */
  async close(): Promise<void> {
    await this.#saving?.catch(() => undefined)
  }

  #note(station: string, partner: string | undefined): void {
    let partners = this.#byStation.get(station)
    if (!partners) {
      if (!this.#hasRoom()) return
      this.#byStation.set(station, (partners = new Set()))
    }
    if (partner === undefined || partners.has(partner) || !this.#hasRoom()) return
    partners.add(partner)
  }

  #hasRoom(): boolean {
    if (this.#count >= most) {
      if (!this.#isFull) this.#log.warn(`The bucket has more than ${most} partners: no more of them are remembered.`)
      this.#isFull = true
      return false
    }
    this.#count += 1
    this.#isChanged = true
    return true
  }

  #saveIfChanged(): void {
    if (!this.#isChanged || this.#clock.monotonic() < this.#pausedUntil) return
    this.#save().catch((err: unknown) => {
      this.#pausedUntil = this.#clock.monotonic() + pauseAfterFailure
      // This mount knows them; the next one does when a later look has written them down.
      this.#log.warn({ err, file: this.#file }, 'Partners that were seen could not be written down.')
    })
  }

  /** One write at a time; what changes meanwhile is in the next one. */
  #save(): Promise<void> {
    const saving = (this.#saving ?? Promise.resolve()).catch(() => undefined).then(() => this.#write())
    this.#saving = saving
    return saving
  }

  async #write(): Promise<void> {
    if (!this.#isChanged) return
    this.#isChanged = false
    try {
      await writePairs(this.#file, this.#pairs())
    } catch (error) {
      this.#isChanged = true
      throw error
    }
  }

  #pairs(): Pair[] {
    return [...this.#byStation].flatMap(([station, partners]): Pair[] => [
      [station],
      ...[...partners].map((partner): Pair => [station, partner]),
    ])
  }
}
