/** In which folder of `delivery/` the files of an outbox are: a byte each, made once for what is in it and what receipts say. */
import type { Prefix } from '../units.js'
import type { OutboxDeliveries } from './deliveries.js'
import { deliveryFolders, folderOf } from './delivery.js'

interface Made {
  /** Of what receipts say. */
  readonly changes: number
  readonly folders: Uint8Array
}

export class OutboxFolders {
  readonly #made = new WeakMap<object, Map<Prefix, Made>>()

  /** Places in `deliveryFolders`, in the order of keys. No time goes into it: what is overdue is pending. */
  of(found: OutboxDeliveries): Uint8Array {
    const { content } = found.outbox
    const { changes } = found
    const known = this.#made.get(content) ?? new Map<Prefix, Made>()
    const last = known.get(found.prefix)
    if (last?.changes === changes) return last.folders
    const folders = made(found)
    this.#made.set(content, known.set(found.prefix, { changes, folders }))
    return folders
  }
}

function made(found: OutboxDeliveries): Uint8Array {
  const folders = new Uint8Array(found.outbox.size)
  let at = 0
  for (const { files, delivery } of found.present()) {
    const folder = deliveryFolders.indexOf(folderOf(delivery.state))
    for (let i = 0; i < files.length; i += 1) folders[at + i] = folder
    at += files.length
  }
  return folders
}
