/**
 * Where versions have no ETags: when each was modified last, as the first answer of it said. The header has no fraction of a second where a
 * listing has one, or it is rounded: so the two may differ by less than a second, but no two answers may.
 */
import { LRUCache } from 'lru-cache'
import type { EpochMs } from '../units.js'
import type { GetRequest } from './store.js'

export type ListedVersion = Pick<GetRequest, 'key' | 'size' | 'mtime'>

export class TimesOfVersions {
  readonly #times = new LRUCache<string, EpochMs>({ max: 10_000 })

  /** Whether an answer is of another version than the first one of this. */
  isOther({ key, size, mtime }: ListedVersion, modified: EpochMs): boolean {
    const id = `${size ?? ''} ${mtime ?? ''} ${key}`
    const first = this.#times.get(id)
    if (first === undefined) this.#times.set(id, modified)
    return first !== undefined && first !== modified
  }
}
