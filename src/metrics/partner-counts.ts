/** How often something happened, by partner. Whoever is known has all of it, at 0 at first: what begins with 1 has not risen. */
import type { Partner } from '../view/partner.js'
import type { PartnerLabels } from './partner-labels.js'
import type { Samples } from './samples.js'
import type { SeriesName } from './series.js'

export class PartnerCounts<Result extends string> {
  readonly #results: readonly Result[]
  readonly #labels: PartnerLabels
  readonly #counts = new Map<Partner, Map<Result, number>>()

  constructor(results: readonly Result[], labels: PartnerLabels) {
    this.#results = results
    this.#labels = labels
  }

  add(partner: Partner, result: Result): void {
    const label = this.#labels.of(partner)
    let counts = this.#counts.get(label)
    if (!counts) this.#counts.set(label, (counts = new Map<Result, number>()))
    counts.set(result, (counts.get(result) ?? 0) + 1)
  }

  tell(samples: Samples, name: SeriesName): void {
    for (const label of this.#labels.all()) {
      const counts = this.#counts.get(label)
      for (const it of this.#results) samples.add(name, counts?.get(it) ?? 0, label.station, label.partner, it)
    }
  }
}
