/** What an event says of an object in one of the boxes. Pure. */
import type { ViewTree } from '../listing/listing.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Bytes, Key, Prefix } from '../units.js'
import { encodeName, encodeObjectName } from '../view/names.js'
import type { Partner } from '../view/partner.js'
import { stationName, viewPrefix } from '../view/tree.js'

export interface OfObject extends Partner {
  /** The last of its key's segments. */
  readonly name: string
  /** Its path in the mount. */
  readonly path: string
  readonly key: Key
  readonly size: Bytes
  readonly etag: string
}

/** @param tree of the box */
export function objectEvent(
  owner: Partner,
  box: 'inbox' | 'outbox',
  { key, size, etag }: ObjectInfo,
  { tree, root }: { readonly tree: Pick<ViewTree, 'lookup'>; readonly root: Prefix },
): OfObject {
  const segments = key.slice(viewPrefix(root, owner, box).length).split('/')
  const name = segments.at(-1) ?? ''
  const folders = segments.slice(0, -1).map(encodeName)
  const collides = tree.lookup([...folders, encodeName(name)])?.kind === 'folder'
  const path = [stationName(owner.station), encodeName(owner.partner), box, ...folders]
  const { station, partner } = owner
  return {
    ...{ station, partner, name },
    path: `/${[...path, encodeObjectName(name, { collides })].join('/')}`,
    ...{ key, size, etag },
  }
}
