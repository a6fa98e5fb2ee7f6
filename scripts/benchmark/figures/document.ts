/** Tables in a document, between marks: whoever measures again replaces them. */
import { readFileSync, writeFileSync } from 'node:fs'

const begin = '<!-- figures: made by scripts/bench, see above -->'
const end = '<!-- end of figures -->'

/** @throws Error if the marks are not there */
export function putInto(file: string, figures: string): void {
  writeFileSync(file, withFigures(readFileSync(file, 'utf8'), figures, file))
}

/** The document with other figures. @param name for what is wrong with it */
export function withFigures(text: string, figures: string, name: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${name} has no place for figures: ${begin} … ${end}`)
  return `${text.slice(0, from)}${begin}\n\n${figures.trim()}\n\n${text.slice(to)}`
}
