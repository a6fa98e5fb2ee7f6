/** All objects below a prefix, or those after a key, page by page. */
import type { ObjectInfo, Store } from '../s3/store.js'
import type { Key, Prefix } from '../units.js'

/**
 * @param after without the prefix
 * @returns pages in key order; the prefix itself, which some tools make an object of, is left out
 */
export async function* listRange(
  store: Store,
  prefix: Prefix,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectInfo[], undefined> {
  const first = after === undefined ? { prefix } : { prefix, startAfter: (prefix + after) as Key }
  let page = await store.list(first, signal)
  yield belowPrefix(prefix, page.objects)
  while (page.next !== undefined) {
    page = await store.list({ prefix, token: page.next }, signal)
    yield belowPrefix(prefix, page.objects)
  }
}

export function belowPrefix(prefix: Prefix, objects: readonly ObjectInfo[]): readonly ObjectInfo[] {
  return objects[0]?.key === (prefix as string) ? objects.slice(1) : objects
}
