/** Flat inboxes, each made once for what a listing has found, of parts that stay while others change. */
import type { CancelSignal } from '../../cancellation.js'
import type { Listing, ObjectRun, ViewTree } from '../../listing/listing.js'
import type { Milliseconds, Prefix } from '../../units.js'
import { FlatInbox } from './flat-inbox.js'
import { FlatRun } from './flat-run.js'

/** An inbox, when it was listed, and when the last listing of all of it was begun. */
export interface Looked {
  readonly inbox: FlatInbox
  readonly listedAt: Milliseconds
  readonly completeAt: Milliseconds
}

export class FlatInboxes {
  readonly #listing: Listing
  readonly #runs = new WeakMap<object, Map<string, FlatRun>>()
  /** By the content of the tree that it was made of: of one, or of several inboxes. */
  readonly #made = new WeakMap<object, Map<Prefix, FlatInbox>>()
  /** As they were looked at last, as long as nobody else needs the memory: what a listing forgets goes from here, too. */
  readonly #last = new Map<Prefix, WeakRef<FlatInbox>>()

  constructor(listing: Listing) {
    this.#listing = listing
  }

  /** As fresh as the inbox. @throws FsError as Listing.tree */
  async get(prefix: Prefix, signal: CancelSignal): Promise<Looked> {
    return this.#of(await this.#listing.tree(prefix, signal), prefix)
  }

  /** @throws FsError as Listing.current */
  async current(prefix: Prefix, signal: CancelSignal): Promise<Looked> {
    return this.#of(await this.#listing.current(prefix, signal), prefix)
  }

  /** What is known without a request: as of the last look, if anybody has looked. */
  known(prefix: Prefix): FlatInbox | undefined {
    return this.#last.get(prefix)?.deref()
  }

  #of(tree: ViewTree, prefix: Prefix): Looked {
    const made = this.#made.get(tree.content) ?? new Map<Prefix, FlatInbox>()
    let inbox = made.get(prefix)
    if (!inbox) {
      inbox = new FlatInbox(tree, (run) => this.#flat(run, prefix))
      this.#made.set(tree.content, made.set(prefix, inbox))
    }
    if (this.known(prefix) !== inbox) this.#last.set(prefix, new WeakRef(inbox))
    return { inbox, listedAt: tree.listedAt, completeAt: tree.completeAt }
  }

  #flat(run: ObjectRun, prefix: Prefix): FlatRun {
    const known = this.#runs.get(run.content) ?? new Map<string, FlatRun>()
    const part = `${run.start} ${run.length} ${prefix}`
    let flat = known.get(part)
    if (!flat) {
      flat = new FlatRun(run)
      this.#runs.set(run.content, known.set(part, flat))
    }
    return flat
  }
}
