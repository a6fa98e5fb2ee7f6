/** The objects of a prefix after a key, page by page. */
import type { CancelSignal } from '../cancellation.js'
import type { ObjectInfo, Store } from '../s3/store.js'
import type { Key, Prefix } from '../units.js'

/**
 * @param after without the prefix
 * @returns pages in key order
 */
export async function* listRange(
  store: Store,
  prefix: Prefix,
  after: string,
  signal: CancelSignal,
): AsyncGenerator<readonly ObjectInfo[], undefined> {
  let page = await store.list({ prefix, startAfter: (prefix + after) as Key }, signal)
  yield page.objects
  while (page.next !== undefined) {
    page = await store.list({ prefix, token: page.next }, signal)
    yield page.objects
  }
}

/** Leaves out the prefix itself, which some tools make an object of. */
export function belowPrefix(prefix: Prefix, objects: readonly ObjectInfo[]): readonly ObjectInfo[] {
  return objects[0]?.key === (prefix as string) ? objects.slice(1) : objects
}
