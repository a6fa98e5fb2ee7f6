/** How many uploads are under way, of whom and of which size, and whether there may be more. */
import type { Bytes } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { pathId } from '../life/message.js'

export interface SlotLimits {
  /** `--uploads` */
  readonly uploads: number
  /** Above it a file is large: large ones never take the last slot. */
  readonly large: Bytes
}

type Sized = Partner & { readonly size: Bytes }

export class Slots {
  readonly #limits: SlotLimits
  readonly #byPartner = new Map<string, number>()
  #taken = 0
  #takenByLarge = 0
  #aside = 0

  constructor(limits: SlotLimits) {
    this.#limits = limits
  }

  /** As many are under way as may be. */
  get areTaken(): boolean {
    return this.#taken >= this.#limits.uploads
  }

  /** One is left for small ones, where there are several. */
  get mayTakeLarge(): boolean {
    return this.#takenByLarge < Math.max(1, this.#limits.uploads - 1)
  }

  isLarge({ size }: Sized): boolean {
    return size > this.#limits.large
  }

  /** @param partner as `pathId` has it, with no path */
  takenBy(partner: string): number {
    return this.#byPartner.get(partner) ?? 0
  }

  take(file: Sized): void {
    this.#count(file, 1)
  }

  /** @param file that has taken one */
  give(file: Sized): void {
    this.#count(file, -1)
  }

  /** @param file that has taken one, and hangs. @returns whether it has given it: as many as may be under way may hang beside */
  putAside(file: Sized): boolean {
    if (this.#aside >= this.#limits.uploads) return false
    this.#aside += 1
    this.give(file)
    return true
  }

  /** One that was put aside hangs no more. */
  endAside(): void {
    this.#aside -= 1
  }

  #count(file: Sized, by: 1 | -1): void {
    const partner = pathId(file, '')
    const taken = this.takenBy(partner) + by
    if (taken === 0) this.#byPartner.delete(partner)
    else this.#byPartner.set(partner, taken)
    this.#taken += by
    if (this.isLarge(file)) this.#takenByLarge += by
  }
}
