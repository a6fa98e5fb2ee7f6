/** The inboxes behind new/, with what is known of each: as fresh as `inbox/`, or as it is known. */
import type { CancelSignal } from '../../cancellation.js'
import type { Listing } from '../../listing/listing.js'
import { Forgetting } from '../../taking/forgetting.js'
import type { Taking } from '../../taking/taking.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds, Prefix } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { viewPrefix } from '../../view/tree.js'
import type { FlatInbox } from './flat-inbox.js'
import { FlatInboxes, type Looked } from './flat-inboxes.js'
import { Shown } from './shown.js'

export interface NewInboxesOptions {
  readonly listing: Listing
  readonly taking: Taking
  readonly root: Prefix
  /** `--list-ttl` */
  readonly ttl: Milliseconds
  /** `--reconcile`: how far the full listings are apart by which marks are forgotten. */
  readonly reconcile: Milliseconds
  readonly log: Logger
}

/** An inbox, and what is shown of it. Both are of this moment: marks change. */
export interface NewInbox {
  readonly inbox: FlatInbox
  readonly shown: Shown
}

/** As it was listed. */
export interface FreshInbox extends NewInbox {
  /** By the clock that never steps. */
  readonly freshUntil: Milliseconds
}

export class NewInboxes {
  readonly #taking: Taking
  readonly #inboxes: FlatInboxes
  readonly #forgetting: Forgetting
  readonly #root: Prefix
  readonly #ttl: Milliseconds
  readonly #log: Logger

  constructor({ listing, taking, root, ttl, reconcile, log }: NewInboxesOptions) {
    this.#taking = taking
    this.#inboxes = new FlatInboxes(listing)
    this.#forgetting = new Forgetting(reconcile)
    this.#root = root
    this.#ttl = ttl
    this.#log = log
  }

  /** @throws FsError as a look at inbox/ would, EIO while it is not certain what was taken */
  async fresh(partner: Partner, signal: CancelSignal): Promise<FreshInbox> {
    await this.#taking.mustBeSure()
    return this.#looked(partner, await this.#inboxes.get(this.#prefix(partner), signal))
  }

  /** What is there now, for certain. @throws FsError as Listing.current */
  async current(partner: Partner, signal: CancelSignal): Promise<NewInbox> {
    return this.#looked(partner, await this.#inboxes.current(this.#prefix(partner), signal))
  }

  /** Without a request; undefined: nobody has looked yet. @throws FsError EIO while it is not certain what was taken */
  async known(partner: Partner): Promise<NewInbox | undefined> {
    await this.#taking.mustBeSure()
    const inbox = this.#inboxes.known(this.#prefix(partner))
    return inbox && this.#with(partner, inbox)
  }

  #looked(partner: Partner, { inbox, listedAt, completeAt }: Looked): FreshInbox {
    const gone = this.#forgetting.look(
      this.#taking.of(partner),
      completeAt,
      (ids, at) => inbox.withIdAt(ids, at) !== undefined,
    )
    if (gone.length > 0) {
      // They are looked for again if that can't be written down now.
      this.#taking.change(partner, { forget: gone }, false).catch((err: unknown) => {
        this.#log.debug({ err, ...partner }, 'marks of what the bucket holds no longer could not be forgotten')
      })
    }
    return { ...this.#with(partner, inbox), freshUntil: listedAt + this.#ttl }
  }

  #with(partner: Partner, inbox: FlatInbox): NewInbox {
    return { inbox, shown: new Shown(inbox, this.#taking.of(partner)) }
  }

  #prefix(partner: Partner): Prefix {
    return viewPrefix(this.#root, partner, 'inbox')
  }
}
