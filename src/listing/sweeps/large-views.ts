/** Views that take pages of their own, and so are listed by themselves. */
import type { ObjectInfo } from '../../s3/store.js'
import type { Milliseconds } from '../../units.js'
import { pageLength } from '../look-back.js'

/** The first page of one, found by a LIST that was made for it. */
export interface FirstPage {
  readonly kind: 'first-page'
  readonly objects: readonly ObjectInfo[]
  /** When the LIST was begun, by the clock that never steps. */
  readonly listedAt: Milliseconds
}

export class LargeViews {
  readonly #views = new Set<string>()
  readonly #firstPages = new Map<string, FirstPage>()

  has(view: string): boolean {
    return this.#views.has(view)
  }

  add(view: string): void {
    this.#views.add(view)
  }

  /** It was listed by itself, and holds so many objects. */
  note(view: string, size: number): void {
    if (size > pageLength) this.#views.add(view)
    else this.#views.delete(view)
  }

  /** For who waits for it. */
  keepFirstPage(view: string, objects: readonly ObjectInfo[], listedAt: Milliseconds): void {
    this.#firstPages.set(view, { kind: 'first-page', objects, listedAt })
  }

  takeFirstPage(view: string): FirstPage | undefined {
    const page = this.#firstPages.get(view)
    this.#firstPages.delete(view)
    return page
  }
}
