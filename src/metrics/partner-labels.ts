/** What partners are called in the figures: their number is bounded, whatever a bucket holds. */
import type { Partner } from '../view/partner.js'

/** Each has some thirty lines. */
const mostPartners = 200
const others: Partner = { station: 'other', partner: 'other' }

export class PartnerLabels {
  readonly #most: number
  readonly #known = new Map<string, Partner>()
  #areMore = false

  /** @param most so many have names; all that come later are one, `other` */
  constructor(most = mostPartners) {
    this.#most = most
  }

  /** The same for the same one, for as long as the process lives: a counter never goes back. */
  of({ station, partner }: Partner): Partner {
    const id = `${station}/${partner}`
    const known = this.#known.get(id)
    if (known) return known
    this.#areMore ||= this.#known.size >= this.#most
    if (this.#areMore) return others
    const label = { station, partner }
    this.#known.set(id, label)
    return label
  }

  /** All that were given. */
  all(): readonly Partner[] {
    return [...this.#known.values(), ...(this.#areMore ? [others] : [])]
  }
}
