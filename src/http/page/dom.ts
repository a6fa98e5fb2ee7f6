/** The few elements of the page that are written to, by their ids. */

export function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no ${id}`)
  return found
}

/** Writes only what is different: a screen reader tells it once. */
export function write(id: string, text: string): void {
  const found = element(id)
  if (found.textContent !== text) found.textContent = text
}

export function level(id: string, value: string): void {
  const { dataset } = element(id)
  if (dataset.level !== value) dataset.level = value
}
