/** What a Disposition field says became of a message. Pure. @see RFC 8098 section 3.2.6, RFC 4130 section 7.4.3 */

/** `warned`: delivered, with something to be looked at. `unknown`: it does not tell. From bad to good. */
export const outcomes = ['refused', 'unknown', 'warned', 'delivered'] as const
export type Outcome = (typeof outcomes)[number]

/**
 * By type and modifiers alone, never by their texts.
 * @param field as written, e.g. `automatic-action/MDN-sent-automatically; processed/error: authentication-failed`
 */
export function outcomeOf(field: string): Outcome {
  const mode = field.indexOf(';')
  const [type = '', ...rest] = field.slice(mode + 1).split('/')
  const modifiers = rest.join('/').split(':', 1)[0]?.toLowerCase().split(/[,/]/) ?? []
  const names = modifiers.map((it) => /^\s*([a-z-]+)/.exec(it)?.[1] ?? '').filter((it) => it !== '')
  switch (/^\s*([a-z-]+)/.exec(type.toLowerCase())?.[1]) {
    case 'failed':
    case 'denied':
    case 'error':
      return 'refused'
    case 'displayed':
    case 'dispatched':
      return 'warned'
    case 'processed':
      return processed(names)
    default:
      return 'unknown'
  }
}

function processed(modifiers: readonly string[]): Outcome {
  if (modifiers.some((it) => it === 'error' || it === 'failure')) return 'refused'
  if (modifiers.includes('warning')) return 'warned'
  return modifiers.length === 0 ? 'delivered' : 'unknown'
}

/** Of a message that was sent again: it says nothing of what became of the first one. @see RFC 4130 section 7.5.5 */
export function isDuplicateWarning(field: string): boolean {
  return outcomeOf(field) === 'warned' && /duplicate[\s_-]*document/i.test(field)
}
