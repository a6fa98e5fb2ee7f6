/** Draws rows of a table. What has not changed stays as it is, so that a reader, a selection or a screen reader keeps its place. */
import { ago, fullDate, type Level } from './words.js'

export type Part =
  | { readonly text: string; readonly as?: 'name' | 'who' | 'words' }
  | { readonly badge: string; readonly level: Level; readonly sign: string }
  | { readonly at: number }
  | { readonly done: number; readonly of: string }

export interface Cell {
  /** Of the column, where it is read without its head. */
  readonly label?: string
  readonly isNumber?: boolean
  readonly parts: readonly Part[]
}

export interface Row {
  /** What it is a row of, over all changes. */
  readonly key: string
  readonly level: Level
  readonly cells: readonly Cell[]
}

/** What is drawn in a `tbody`. */
export class Rows {
  readonly #body: HTMLElement
  readonly #drawn = new Map<string, { readonly element: HTMLElement; readonly as: string }>()

  constructor(body: HTMLElement) {
    this.#body = body
  }

  /** @param now of the daemon's clock @param empty what stands there if there is no row */
  draw(rows: readonly Row[], now: number, empty: string): void {
    const shown = rows.length > 0 ? rows : [emptyRow(empty)]
    const keys = new Set(shown.map((it) => it.key))
    for (const [key, { element }] of this.#drawn) {
      if (keys.has(key)) continue
      element.remove()
      this.#drawn.delete(key)
    }
    for (const [i, row] of shown.entries()) {
      const element = this.#element(row, now)
      const there = this.#body.children.item(i)
      if (element !== there) this.#body.insertBefore(element, there)
    }
  }

  #element(row: Row, now: number): HTMLElement {
    const as = JSON.stringify(row)
    const drawn = this.#drawn.get(row.key)
    if (drawn?.as === as) return drawn.element
    const columns = this.#body.parentElement?.querySelectorAll('th').length ?? 1
    const element = rowElement(row, now, columns)
    drawn?.element.replaceWith(element)
    this.#drawn.set(row.key, { element, as })
    return element
  }
}

/** Has all times say how long ago they are now. */
export function tellTimes(now: number): void {
  for (const it of document.querySelectorAll('time')) {
    const text = ago(Date.parse(it.dateTime), now)
    if (it.textContent !== text) it.textContent = text
  }
}

function emptyRow(text: string): Row {
  return { key: '', level: 'good', cells: [{ parts: [{ text }] }] }
}

function rowElement({ key, level, cells }: Row, now: number, columns: number): HTMLElement {
  const row = make('tr', { role: 'row' })
  row.dataset.level = level
  if (key === '') row.className = 'empty'
  for (const { label, isNumber, parts } of cells) {
    const cell = make('td', { role: 'cell' })
    if (label !== undefined) cell.dataset.label = label
    if (isNumber) cell.className = 'number'
    if (key === '') cell.setAttribute('colspan', String(columns))
    cell.append(...parts.map((it) => partElement(it, now)))
    row.append(cell)
  }
  return row
}

function partElement(part: Part, now: number): HTMLElement {
  if ('at' in part) return timeElement(part.at, now)
  if ('done' in part) return progressElement(part.done, part.of)
  if ('badge' in part) return badgeElement(part.badge, part.level, part.sign)
  // Of a name that is written from right to left the rest of the line is not turned around.
  const text = make('bdi')
  text.className = part.as ?? 'said'
  text.textContent = part.text
  return text
}

function timeElement(at: number, now: number): HTMLElement {
  const time = make('time')
  const full = fullDate(at)
  time.setAttribute('datetime', new Date(at).toISOString())
  time.title = full
  time.dataset.full = full
  time.textContent = ago(at, now)
  return time
}

function progressElement(done: number, of: string): HTMLElement {
  const bar = make('progress', { max: '100', value: String(done), 'aria-label': of })
  bar.textContent = `${done} %`
  return bar
}

function badgeElement(word: string, level: Level, sign: string): HTMLElement {
  const badge = make('span')
  badge.className = 'badge'
  badge.dataset.level = level
  const picture = make('span', { 'aria-hidden': 'true' })
  picture.textContent = sign
  badge.append(picture, ` ${word}`)
  return badge
}

function make(name: string, attributes: Readonly<Record<string, string>> = {}): HTMLElement {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}
