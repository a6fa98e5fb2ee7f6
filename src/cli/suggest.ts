/** Did you mean …? Pure. */

/** Typing mistakes that are still taken for the same word. */
const maxDistance = 2

/** The likeliest of the words that are meant; undefined if none is near. */
export function nearest<Word extends string>(word: string, words: Iterable<Word>): Word | undefined {
  let best: Word | undefined
  // Short words are near to everything.
  let least = Math.min(maxDistance, Math.floor(word.length / 3)) + 1
  for (const candidate of words) {
    const distance = editDistance(word, candidate)
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** @returns a question with a space before it, or nothing */
export function didYouMean(word: string, words: Iterable<string>, quoted = (it: string): string => it): string {
  const meant = nearest(word, words)
  return meant === undefined ? '' : ` Did you mean ${quoted(meant)}?`
}

/** Levenshtein's, and two neighbours exchanged count as one mistake. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const changed = at(row, j) + (a[i] === b[j] ? 0 : 1)
      const isSwap = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j]
      const swapped = isSwap ? at(before, j - 1) + 1 : Infinity
      next.push(Math.min(changed, swapped, at(row, j + 1) + 1, at(next, j) + 1))
    }
    before = row
    row = next
  }
  return at(row, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
