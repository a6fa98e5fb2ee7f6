/** Where a round is likely to go: where the one before it went. */
import { compareKeys, firstWhere } from '../../s3/key-order.js'

export class ExpectedPaths {
  readonly #paths: ReadonlySet<string>
  readonly #inOrder: readonly string[]

  /** @param paths views, and folders of partners, each ended by `/` */
  constructor(paths: ReadonlySet<string>) {
    this.#paths = paths
    this.#inOrder = [...paths].sort(compareKeys)
  }

  /** The first key, from one on, behind which a LIST brings something that is expected; undefined: there is none. */
  from(key: string): string | undefined {
    for (let end = key.indexOf('/'); end >= 0; end = key.indexOf('/', end + 1)) {
      if (this.#paths.has(key.slice(0, end + 1))) return key
    }
    const paths = this.#inOrder
    return paths[firstWhere(0, paths.length, (i) => compareKeys(paths[i] ?? '', key) > 0)]
  }
}
