/** Where the server does not know If-None-Match, nothing but a look right before keeps an upload from overwriting. */
import type { CancelSignal } from '../../cancellation.js'
import { sentencesOf } from '../../s3/lacks.js'
import type { Store } from '../../s3/store.js'
import { StoreError } from '../../s3/store-error.js'
import type { Logger } from '../../telemetry/log.js'
import type { Key } from '../../units.js'
import type { Message } from '../life/message.js'
import type { BucketView } from '../sender.js'

export interface OverwriteGuardOptions {
  readonly store: Store
  readonly bucket: BucketView
  readonly keyOf: (message: Message) => Key
  readonly log: Logger
}

export class OverwriteGuard {
  readonly #options: OverwriteGuardOptions
  #hasSaidSo = false

  constructor(options: OverwriteGuardOptions) {
    this.#options = options
  }

  /** @throws StoreError as the server would if the key is taken */
  async mustBeFree(message: Message, signal: CancelSignal): Promise<void> {
    const { store, bucket, keyOf, log } = this.#options
    if (!store.lacks.has('if-none-match')) return
    if (!this.#hasSaidSo) log.warn(sentencesOf(new Set(['if-none-match'] as const)).join(' '))
    this.#hasSaidSo = true
    if (!(await bucket.has(message, message.path, signal))) return
    const key = keyOf(message)
    const reason = 'it is there already'
    throw new StoreError('EEXIST', 'condition', 'Listed', `Could not upload ${key}: ${reason}.`, { key, reason })
  }
}
