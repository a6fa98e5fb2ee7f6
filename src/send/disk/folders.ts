/** Folders made in a `send/`, by partner. */
import { bundleId, pathId, type Bundle } from '../life/message.js'
import type { Partner } from '../../view/partner.js'
import { Groups } from '../life/groups.js'

export class Folders {
  readonly #byId = new Map<string, Bundle>()
  readonly #byPartner = new Groups<Bundle>()

  all(): Iterable<Bundle> {
    return this.#byId.values()
  }

  of(partner: Partner): Iterable<Bundle> {
    return this.#byPartner.of(pathId(partner, ''))
  }

  get(partner: Partner, name: string): Bundle | undefined {
    return this.#byId.get(pathId(partner, name))
  }

  add(folder: Bundle): void {
    this.#byId.set(bundleId(folder), folder)
    this.#byPartner.set(pathId(folder, ''), folder.name, folder)
  }

  remove(folder: Bundle): void {
    this.#byId.delete(bundleId(folder))
    this.#byPartner.delete(pathId(folder, ''), folder.name)
  }
}
