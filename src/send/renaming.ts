/** Gives another name to a file of a `send/`: over one that waits, or out of what held it. */
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import type { Name, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { sendKey } from '../view/send-key.js'
import type { Bundles } from './bundles/bundles.js'
import type { FolderSending } from './bundles/folder-sending.js'
import type { MessageBook } from './disk/book.js'
import type { Spool } from './disk/spool.js'
import type { Happening, Verdict } from './life/events.js'
import { underName, type Candidate } from './life/judgement.js'
import { pathId, type Message } from './life/message.js'
import type { NameCheck } from './judging/name-check.js'
import type { OpenFiles } from './writing/open-files.js'

export interface RenamingOptions {
  readonly book: MessageBook
  readonly files: Pick<OpenFiles, 'made'>
  readonly spool: Spool
  readonly names: NameCheck
  readonly bundles: Bundles
  readonly folderSending: FolderSending
  readonly root: Prefix
  readonly judge: (file: Candidate) => Verdict
  /** It is written down what becomes of a file. */
  readonly onJudged: () => Promise<void>
}

export class Renaming {
  readonly #options: RenamingOptions

  constructor(options: RenamingOptions) {
    this.#options = options
  }

  /** @see Sender.rename */
  async rename(partner: Partner, from: readonly Name[], to: readonly Name[], signal: CancelSignal): Promise<void> {
    const { book, bundles, folderSending, names, root, onJudged } = this.#options
    if (bundles.has(partner, from)) {
      if (!isSame(from, to)) await folderSending.send(partner, from, to, signal)
      return
    }
    const { id } = book.found(partner, from)
    // The kernel asks for that only where it took the one for another while it looked them up.
    if (isSame(from, to)) return
    sendKey(root, partner, to)
    bundles.mustHold(partner, to)
    const isUnchecked = await names.check(partner, to.join('/'), true, signal)
    await this.#renamed(partner, id, to, { isUnchecked, signal })
    await onJudged()
  }

  /**
   * What is replaced goes from the spool last: until the journal has the rename it may be sent yet, and of what a crash leaves there
   * the next start finds that it is gone. What has got that name meanwhile by itself replaces nothing.
   * @throws FsError EBUSY if another file came or went under the new name since it was looked up: that one is not locked here
   */
  async #renamed(
    partner: Partner,
    id: string,
    to: readonly Name[],
    { isUnchecked, signal }: { readonly isUnchecked: boolean; readonly signal: CancelSignal },
  ): Promise<void> {
    const { book, bundles, files, spool } = this.#options
    const path = to.join('/')
    const target = book.at(partner, path)
    const names = [id, ...(target ? [target.id] : []), pathId(partner, path), ...bundles.lockIds(partner, to)]
    await book.exclusively(names, async (write) => {
      bundles.mustHold(partner, to)
      const source = book.allowing(id, 'renamed')
      const replaced = book.at(partner, path)
      if (replaced?.id !== target?.id) throw new FsError('EBUSY', `${path} was made a moment ago.`)
      if (replaced?.id === id) return
      // Whatever becomes of this process then: what it replaces is gone.
      if (source.state === 'open' && source.isComplete !== true) await files.made(id)
      const over = replaced ? [replaced.id] : []
      const gone = over.map((it): Happening => ({ id: it, event: { type: 'replaced' } }))
      await write([...gone, this.#event(source, path, isUnchecked)], { by: 'rename', sync: true, signal })
      for (const it of over) await spool.remove(it)
      // It was being written when it was told to have failed: under its new name it might be sent. What it has replaced is gone.
      if (!signal.aborted || replaced) return
      await write([this.#event(source, source.path, source.isUnchecked === true)], { by: 'rename', sync: true })
      throw new FsError('ETIMEDOUT', `${source.path} was not renamed in time: the disk of the state directory hangs.`)
    })
  }

  #event(source: Message, path: string, isUnchecked: boolean): Happening {
    const verdict = this.#options.judge(underName(source, path))
    return { id: source.id, event: { type: 'renamed', path, isUnchecked, verdict } }
  }
}

function isSame(one: readonly Name[], other: readonly Name[]): boolean {
  return one.join('/') === other.join('/')
}
