/**
 * Files that are open while another takes their name. Before the rename libfuse gives them one of its own
 * (`.fuse_hidden…`) and removes that after their last close, whether or not the rename succeeds: here they keep the name that
 * they have, until the rename itself is done. What libfuse, and for a second the kernel, calls by the other name is found.
 */
import type { SendRow } from '../send/sender.js'
import type { Name } from '../units.js'
import type { Partner } from '../view/partner.js'

export { isHiddenName } from '../send/life/holding.js'

export class HiddenFiles {
  /** As they were when they were hidden. */
  readonly #rows = new Map<string, SendRow>()

  /** @param hidden the name by which libfuse calls it from now on */
  add(row: SendRow, hidden: readonly Name[]): void {
    this.#rows.set(idOf(row, hidden), row)
  }

  get(partner: Partner, hidden: readonly Name[]): SendRow | undefined {
    return this.#rows.get(idOf(partner, hidden))
  }

  /** @returns whether it was one of these */
  remove(partner: Partner, hidden: readonly Name[]): boolean {
    return this.#rows.delete(idOf(partner, hidden))
  }
}

function idOf({ station, partner }: Partner, names: readonly Name[]): string {
  return [station, partner, ...names].join('/')
}
