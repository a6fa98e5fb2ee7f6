/** The names of journals that were put aside, beside the one that took their place. */

export function putAsideName(journal: string): string {
  return `${journal}.damaged-${Date.now()}`
}

/** Of what could not be put aside in full only a temporary file may be there: that is none. */
export const putAsideJournal = /^journal\.damaged-\d+$/
