/** One folder of `delivery/`: the files of an outbox that have come to that, flat. */
import type { OutboxDeliveries } from '../delivery/deliveries.js'
import { messageOf } from '../delivery/message-of.js'
import { deliveryFolders, folderOf, type DeliveryFolder } from '../delivery/delivery.js'
import type { Entry, FileEntry, KeyTree, ListedFolder } from '../listing/listing.js'
import { compareKeys } from '../s3/key-order.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Key, Milliseconds, Name } from '../units.js'
import type { FlatNames } from './flat-outboxes.js'

export class DeliveryTree implements KeyTree {
  readonly listedAt: Milliseconds
  readonly #deliveries: OutboxDeliveries
  readonly #names: FlatNames
  readonly #folder: DeliveryFolder

  constructor(deliveries: OutboxDeliveries, names: FlatNames, folder: DeliveryFolder) {
    this.listedAt = deliveries.listedAt
    this.#deliveries = deliveries
    this.#names = names
    this.#folder = folder
  }

  lookup(names: readonly Name[]): Entry | undefined {
    const [name, ...more] = names
    if (name === undefined) return this.#deliveries.outbox.lookup([])
    if (more.length > 0) return undefined
    const path = this.#names.pathOf(name)
    const object = path === undefined ? undefined : this.#deliveries.outbox.object(this.#keyOf(path))
    if (!object || path === undefined || this.#names.nameOf(path) !== name) return undefined
    const { state } = this.#deliveries.deliveryOf(messageOf(path), object.mtime)
    return folderOf(state) === this.#folder ? { kind: 'file', name, ...object } : undefined
  }

  readdir(names: readonly Name[]): Iterable<Entry> | undefined {
    if (names.length > 0) return undefined
    const entries = [...this.#entries()]
    // Names that were joined may have another order than keys, if folders are not all of one length.
    const isSorted = entries.every(({ name }, i) => i === 0 || compareKeys(entries[i - 1]?.name ?? '', name) < 0)
    return isSorted ? entries : entries.sort((a, b) => compareKeys(a.name, b.name))
  }

  foldersAfter(): Iterable<ListedFolder> {
    return []
  }

  /** Nobody is known to read them one after the other. */
  after(): Iterable<ObjectInfo> {
    return []
  }

  *#entries(): Generator<FileEntry, undefined> {
    const cut = this.#deliveries.prefix.length
    const folders = this.#deliveries.inFolders()
    const own = deliveryFolders.indexOf(this.#folder)
    let at = 0
    for (const object of this.#deliveries.files()) {
      if (folders[at] === own) yield { kind: 'file', name: this.#names.nameOf(object.key.slice(cut)), ...object }
      at += 1
    }
  }

  #keyOf(path: string): Key {
    return `${this.#deliveries.prefix}${path}` as Key
  }
}
