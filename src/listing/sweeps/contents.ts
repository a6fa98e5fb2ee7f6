/** Which object stands for what is in a view, for as long as that is the same, whatever else is listed with it. */
import { hasSameObjects } from '../same-objects.js'
import type { IndexTree } from '../key-tree.js'

interface Content {
  readonly tree: IndexTree
  readonly token: object
}

export class Contents {
  /** Of the views for which somebody has asked. */
  readonly #known = new Map<string, Content>()

  of(view: string, tree: IndexTree): object {
    const known = this.#known.get(view)
    const token = known && hasSameObjects(known.tree, tree) ? known.token : {}
    this.#known.set(view, { tree, token })
    return token
  }
}
