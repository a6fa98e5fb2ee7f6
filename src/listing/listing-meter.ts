/** Counts listings, by what is listed and whether it came: the newest keys of a view, all of it, what is common to several, a path, folders. */
import { Tally } from '../telemetry/tally.js'

export type ListingKind = 'newest' | 'whole' | 'common' | 'path' | 'folders'

export class ListingMeter {
  /** By kind: `ok` and `failed`. */
  readonly tally = new Tally()

  /** @returns what it brings */
  async of<T>(kind: ListingKind, listing: Promise<T>): Promise<T> {
    try {
      const result = await listing
      this.tally.add(kind, 'ok')
      return result
    } catch (error) {
      this.tally.add(kind, 'failed')
      throw error
    }
  }
}
