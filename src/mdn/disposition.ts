/** What a Disposition field says became of a message. Pure. @see RFC 8098 section 3.2.6, RFC 4130 section 7.4.3 */

/** `warned`: delivered, with something to be looked at. `unknown`: it does not tell. From bad to good. */
export const outcomes = ['refused', 'unknown', 'warned', 'delivered'] as const
export type Outcome = (typeof outcomes)[number]

/**
 * By type and modifiers alone, never by their texts. What stands behind a type, and is no modifier, may mean its opposite.
 * @param field as written, e.g. `automatic-action/MDN-sent-automatically; processed/error: authentication-failed`
 */
export function outcomeOf(field: string): Outcome {
  const [mode = '', ...behind] = field.toLowerCase().split(';')
  const told = behind.length === 0 ? [mode] : hasType(mode) ? [mode, behind.join(';')] : [behind.join(';')]
  const all = told.map(ofType)
  return outcomes.find((it) => all.includes(it)) ?? 'unknown'
}

/** Where a mode stands there may be another type, that says the opposite. */
function hasType(mode: string): boolean {
  return /^\s*(?:processed|failed|denied|error|displayed|dispatched|deleted)(?![a-z-])/.test(mode)
}

/** @param text type and modifiers, in lower case */
function ofType(text: string): Outcome {
  const [type = '', ...rest] = text.split('/')
  const modifiers = rest.join('/').split(':', 1)[0]?.split(/[,/]/) ?? []
  const [, word = '', behind = ''] = /^\s*([a-z-]*)[\s;]*(.*)$/s.exec(type) ?? []
  if (['failed', 'denied', 'error'].includes(word)) return 'refused'
  if (behind !== '') return 'unknown'
  if (['displayed', 'dispatched'].includes(word)) return 'warned'
  return word === 'processed' ? processed(modifiers.filter((it) => it.trim() !== '').map(nameOf)) : 'unknown'
}

/** Its first word, which may be quoted; empty: it begins with something else. */
function nameOf(modifier: string): string {
  return /^[\s"'\\]*([a-z-]+)/.exec(modifier)?.[1] ?? ''
}

function processed(modifiers: readonly string[]): Outcome {
  if (modifiers.some((it) => it === 'error' || it === 'failure')) return 'refused'
  if (modifiers.includes('')) return 'unknown'
  if (modifiers.includes('warning')) return 'warned'
  return modifiers.length === 0 ? 'delivered' : 'unknown'
}

/** Of a message that was sent again: it says nothing of what became of the first one. @see RFC 4130 section 7.5.5 */
export function isDuplicateWarning(field: string): boolean {
  return outcomeOf(field) === 'warned' && /duplicate[\s_-]*document/i.test(field)
}
